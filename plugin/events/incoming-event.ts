import { EventEmitter } from 'node:events'
import type { Event, Socket } from 'socket.io'
import { type Ack, ackOf, NumberedAck } from './ack.js'
import { anyListenersOf } from './any-listeners.js'

/*
 * The two ways on which an event comes to its gate: by Socket.IO, with its ack as a function, and by the fast lane, with
 * the number of its ack.
 */

/** An event at the gate. */
export interface Arrival {
  readonly name: string
  /** The first of its arguments. */
  readonly payload: unknown
  /** Whether it came as JSON, and nobody has changed it: then no binary data is in it. */
  readonly isJson: boolean
  /** How many arguments it has, the ack not counted. */
  readonly count: number
  /** Undefined for an event that wants none. */
  readonly ack: Ack | undefined
  /** As Socket.IO gives it to a middleware, which may change it: its name, its arguments, and a function for its ack. */
  readonly event: Event
  /** Takes it on to the next of the middlewares, where it has waited in one of them without a place in flight. */
  goOn: (() => void) | undefined
  /** Reads name, arguments and ack of `event` again. */
  reread(): void
  /** Lets it go on to the application's own listeners; or tells those of `error` that a middleware has refused it. */
  passOn(error?: Error): void
}

/** Tells an event of the fast lane to those who listen for any, as Socket.IO does. */
export function tellAny(socket: Socket, { ack }: Laned, data: readonly unknown[]): void {
  const listeners = anyListenersOf(socket)
  if (listeners.length === 0) return
  const args = ack ? [...data, ack.call] : data
  for (const listener of [...listeners]) Reflect.apply(listener, socket, args)
}

/** An event that Socket.IO hands on, to whom `next` gives it back. */
export class HandedOn implements Arrival {
  name = ''
  readonly isJson = false
  payload: unknown = undefined
  count = 0
  ack: Ack | undefined = undefined
  goOn: (() => void) | undefined = undefined
  readonly #event: Event
  readonly #next: (error?: Error) => void

  constructor(event: Event, next: (error?: Error) => void) {
    this.#event = event
    this.#next = next
    this.reread()
  }

  get event(): Event {
    if (this.ack && typeof this.#event.at(-1) === 'function') this.#event[this.#event.length - 1] = this.ack.call
    return this.#event
  }

  reread(): void {
    const event = this.#event
    const last = event.at(-1)
    const isAcked = event.length > 1 && typeof last === 'function'
    this.name = String(event[0])
    this.count = event.length - (isAcked ? 2 : 1)
    this.payload = this.count > 0 ? event[1] : undefined
    // A middleware that takes it away does not take it from the client.
    if (isAcked) this.ack = ackOf(last)
  }

  passOn(error?: Error): void {
    // Its listeners are given the function that knows whether it was called.
    void this.event
    this.#next(error)
  }
}

/** An event of the fast lane. It is declared; only a middleware may make another of it. */
export class Laned implements Arrival {
  name: string
  payload: unknown
  count: number
  ack: Ack | undefined
  goOn: (() => void) | undefined = undefined
  readonly #socket: Socket
  readonly #data: readonly unknown[]
  /** The long way for one that a middleware has seen. */
  #handedOn: HandedOn | undefined = undefined

  /** in: the list of its name and arguments, and the number of its ack. */
  constructor(socket: Socket, data: readonly unknown[], id: number | undefined) {
    this.name = data[0] as string
    this.payload = data[1]
    this.count = data.length - 1
    this.ack = id === undefined ? undefined : new NumberedAck(socket, id)
    this.#socket = socket
    this.#data = data
  }

  get isJson(): boolean {
    return this.#handedOn === undefined
  }

  /** The list of its name and arguments, and the function for its ack. */
  get event(): Event {
    return this.#asHandedOn().event
  }

  reread(): void {
    const handedOn = this.#asHandedOn()
    handedOn.reread()
    this.name = handedOn.name
    this.payload = handedOn.payload
    this.count = handedOn.count
    this.ack = handedOn.ack
  }

  passOn(error?: Error): void {
    this.#asHandedOn().passOn(error)
  }

  #asHandedOn(): HandedOn {
    if (!this.#handedOn) {
      const event = [...this.#data, ...(this.ack ? [this.ack.call] : [])] as Event
      this.#handedOn = new HandedOn(event, (error) => process.nextTick(emitEvent, this.#socket, event, error))
    }
    return this.#handedOn
  }
}

/** What Socket.IO does with an event that its middlewares have let go on, or refused. */
function emitEvent(socket: Socket, event: Event, error: Error | undefined): void {
  if (error) EventEmitter.prototype.emit.call(socket, 'error', error)
  else if (socket.connected) Reflect.apply(EventEmitter.prototype.emit, socket, event)
}
