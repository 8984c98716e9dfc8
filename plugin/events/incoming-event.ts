import { EventEmitter } from 'node:events'
import type { Event, Socket } from 'socket.io'
import { type Ack, ackOf } from './ack.js'
import { anyListenersOf } from './any-listeners.js'

/*
 * An event before its dispatch. A declared event comes from its frame or from the decoder, with the id of its ack; any other from
 * Socket.IO, with its ack as a function.
 */

/** An event that the gate of its socket has received. */
export interface IncomingEvent {
  readonly name: string
  /** The first argument. */
  readonly payload: unknown
  /** The second argument: the options of a stream. */
  readonly options: unknown
  /** Whether the payload was parsed from JSON and no middleware may have changed it: then it has no binary data. */
  readonly isJson: boolean
  /** The number of arguments, without the ack. */
  readonly count: number
  /** Undefined for an event without an ack. */
  readonly ack: Ack | undefined
  /** The array that Socket.IO gives to a middleware: name, arguments, ack function. A middleware may change it. */
  readonly event: Event
  /** Set for an event that waits in a middleware and is not counted as in flight: continues with the next middleware. */
  resume: (() => void) | undefined
  /** Reads name, arguments and ack from `event` again, after the middlewares. */
  reread(): void
  /** Passes the event to the application's listeners; or, if a middleware has refused it, the error to the listeners of `error`. */
  passOn(error?: Error): void
}

/** Calls the `onAny` listeners for an event that bypasses Socket.IO, as Socket.IO does. */
export function notifyAnyListeners(socket: Socket, { ack }: DecodedEvent, data: readonly unknown[]): void {
  const listeners = anyListenersOf(socket)
  if (listeners.length === 0) return
  const args = ack ? [...data, ack.call] : data
  for (const listener of [...listeners]) Reflect.apply(listener, socket, args)
}

/** An event that Socket.IO emits; `next` returns it to Socket.IO. */
export class SocketIoEvent implements IncomingEvent {
  name = ''
  readonly isJson = false
  payload: unknown = undefined
  count = 0
  ack: Ack | undefined = undefined
  resume: (() => void) | undefined = undefined
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

  get options(): unknown {
    return this.count > 1 ? this.#event[2] : undefined
  }

  reread(): void {
    const event = this.#event
    const last = event.at(-1)
    const isAcked = event.length > 1 && typeof last === 'function'
    this.name = String(event[0])
    this.count = event.length - (isAcked ? 2 : 1)
    this.payload = this.count > 0 ? event[1] : undefined
    // A middleware may remove the ack from the array: the client still waits for it.
    if (isAcked) this.ack = ackOf(last)
  }

  passOn(error?: Error): void {
    // Reading `event` puts the ack function into the array that records whether it was called.
    void this.event
    this.#next(error)
  }
}

/** An event that bypasses Socket.IO: a declared event, until a middleware renames it. */
export class DecodedEvent implements IncomingEvent {
  name: string
  payload: unknown
  count: number
  ack: Ack | undefined
  resume: (() => void) | undefined = undefined
  readonly #socket: Socket
  readonly #data: readonly unknown[]
  readonly #isJson: boolean
  /** Created when a middleware or a listener needs the event as Socket.IO would give it. */
  #socketIoEvent: SocketIoEvent | undefined = undefined

  /**
   * @param data - name and arguments
   * @param isJson - whether they were parsed from JSON
   */
  constructor(socket: Socket, data: readonly unknown[], ack: Ack | undefined, isJson: boolean) {
    this.name = data[0] as string
    this.payload = data[1]
    this.count = data.length - 1
    this.ack = ack
    this.#socket = socket
    this.#data = data
    this.#isJson = isJson
  }

  get isJson(): boolean {
    return this.#isJson && this.#socketIoEvent === undefined
  }

  get options(): unknown {
    return this.#socketIoEvent ? this.#socketIoEvent.options : this.#data[2]
  }

  get event(): Event {
    return this.#toSocketIoEvent().event
  }

  reread(): void {
    const event = this.#toSocketIoEvent()
    event.reread()
    this.name = event.name
    this.payload = event.payload
    this.count = event.count
    this.ack = event.ack
  }

  passOn(error?: Error): void {
    this.#toSocketIoEvent().passOn(error)
  }

  #toSocketIoEvent(): SocketIoEvent {
    if (!this.#socketIoEvent) {
      const event = [...this.#data, ...(this.ack ? [this.ack.call] : [])] as Event
      this.#socketIoEvent = new SocketIoEvent(event, (error) => process.nextTick(emitEvent, this.#socket, event, error))
    }
    return this.#socketIoEvent
  }
}

/** Does what Socket.IO does with an event after its middlewares. */
function emitEvent(socket: Socket, event: Event, error: Error | undefined): void {
  if (error) EventEmitter.prototype.emit.call(socket, 'error', error)
  else if (socket.connected) Reflect.apply(EventEmitter.prototype.emit, socket, event)
}
