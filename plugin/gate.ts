import type { FastifyBaseLogger } from 'fastify'
import type { Event, Socket } from 'socket.io'
import { HandedOn, Laned } from './arrival.js'
import { Refusal } from './bounds.js'
import type { ConnectionContext } from './context.js'
import type { Dispatch } from './dispatch.js'
import type { Drain } from './drain.js'
import {
  FST_NSP_CLOSING,
  FST_NSP_EVENT_UNKNOWN,
  FST_NSP_IN_FLIGHT_LIMIT,
  FST_NSP_QUEUE_FULL,
  FST_NSP_RATE_LIMITED,
} from './errors.js'
import { type Bucket, isWithin, type Limits } from './limits.js'
import { Line } from './line.js'
import type { Arrival, EventGate } from './passage.js'
import type { EventReceiver } from './turn.js'
import { toWireError } from './wire-error.js'

/*
 * The one gate of a socket. Every incoming event comes to it before any listener does: a declared event is dispatched from
 * here, one that the application listens for goes on to its listeners, and any other is answered.
 */

/** What all gates of a namespace have in common. */
export interface GateRules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly limits: Limits
  readonly drain: Drain
  readonly createBucket: () => Bucket
  readonly isSequential: boolean
  readonly log: FastifyBaseLogger
}

const GATE = Symbol('gate')

// Socket.IO listens for `error` itself, so that none is thrown; a client may send an event of that name.
const OWN_ERROR_LISTENERS = 1

/** Sets the gate of a socket; it is shut until `open()`. Call it before anything can be awaited, and before any listener. */
export function setGate(socket: Socket, rules: GateRules, bucket: Bucket | undefined): Gate {
  const gate = new Gate(socket, rules, bucket)
  ;(socket as { [GATE]?: Gate })[GATE] = gate
  return gate
}

/** Sends an event that Socket.IO hands on to the socket's gate, which gives it back by `next`. */
export function sendToGate(socket: Socket, event: Event, next: () => void): void {
  gateOf(socket)?.arrive(new HandedOn(event, next))
}

export function gateOf(socket: Socket): Gate | undefined {
  return (socket as { [GATE]?: Gate })[GATE]
}

/** The gate of a socket, if an event of that name is declared there: then no listener has a say in it. */
export function receiverOf(socket: Socket, event: string): EventReceiver | undefined {
  const gate = gateOf(socket)
  return gate?.knows(event) ? gate : undefined
}

/** It lets events in that are well, and counts them. */
export class Gate implements EventReceiver, EventGate {
  readonly #socket: Socket
  readonly #rules: GateRules
  /** What is left of the rate; made with the first event, for most sockets are idle. */
  #bucket: Bucket | undefined
  #connection: ConnectionContext | undefined = undefined
  #isOpen = false
  #inFlight = 0
  /** What came before it was open. */
  #early: Arrival[] | undefined = undefined
  /** What waits for its turn in a sequential namespace; nothing bounds it where `eventsWaiting` is 0. */
  #line: Line<Arrival> | undefined = undefined
  #isTurning = false

  constructor(socket: Socket, rules: GateRules, bucket: Bucket | undefined) {
    this.#socket = socket
    this.#rules = rules
    this.#bucket = bucket
  }

  get bucket(): Bucket | undefined {
    return this.#bucket
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  knows(event: string): boolean {
    return this.#rules.dispatches.has(event)
  }

  /** Takes a declared event of the fast lane: the list of its name and arguments, and the number of its ack. */
  receive(data: readonly unknown[], id: number | undefined): void {
    const arrival = new Laned(this.#socket, data, id)
    const listeners = this.#socket.listenersAny()
    if (listeners.length > 0) {
      const { ack } = arrival
      const args = ack ? [...data, (...reply: unknown[]) => ack.sendArguments(reply)] : data
      for (const listener of [...listeners]) Reflect.apply(listener, this.#socket, args)
    }
    this.arrive(arrival)
  }

  arrive(arrival: Arrival): void {
    // Behind a leave in one chunk: Socket.IO would look only after its middlewares.
    if (!this.#socket.connected) return
    this.#bucket ??= this.#rules.createBucket()
    const waitMs = this.#bucket.take()
    if (waitMs > 0) {
      this.#refuse(arrival, Object.assign(new FST_NSP_RATE_LIMITED(), { details: { retryAfterMs: waitMs } }))
    } else if (arrival.payload instanceof Refusal) this.#refuse(arrival, arrival.payload.error)
    else if (this.#isOpen) this.#route(arrival)
    else this.#keep(arrival)
  }

  /** Lets the events in, those that have waited first, in order. Without a context they are for plain listeners only. */
  open(connection?: ConnectionContext): void {
    this.#connection = connection
    this.#isOpen = true
    if (!this.#early) return
    // Not a copy: what a handler of one of them disconnects is closed, and the rest dropped.
    for (const arrival of this.#early) this.#route(arrival)
    this.#early = undefined
  }

  /** Drops what waits. */
  close(): void {
    if (this.#early) this.#early.length = 0
    this.#line?.clear()
  }

  /** One of its events has ended; in a sequential namespace it is the turn of the next. */
  leave(): void {
    this.#inFlight--
    this.#rules.drain.leave()
    const line = this.#line
    // One that ends at once comes back here from route(): it leaves the next to the loop, or the stack would overflow.
    if (!line || this.#isTurning) return
    this.#isTurning = true
    while (this.#inFlight === 0) {
      const next = line.shift()
      if (!next) break
      this.#route(next)
    }
    this.#isTurning = false
  }

  #keep(arrival: Arrival): void {
    this.#early ??= []
    if (isWithin(this.#early.length + 1, this.#rules.limits.eventsWaiting)) this.#early.push(arrival)
    else this.#refuse(arrival, new FST_NSP_QUEUE_FULL())
  }

  #route(arrival: Arrival): void {
    const { dispatches, drain, isSequential, limits } = this.#rules
    const dispatch = dispatches.get(arrival.name)
    if (drain.isClosed) this.#refuse(arrival, new FST_NSP_CLOSING())
    else if (!dispatch || !this.#connection) this.#passOn(arrival)
    else if (isSequential && this.#inFlight > 0) this.#stand(arrival)
    else if (isWithin(this.#inFlight + 1, limits.eventsInFlight)) {
      this.#inFlight++
      drain.enter()
      dispatch(this.#connection, arrival, this)
    } else this.#refuse(arrival, new FST_NSP_IN_FLIGHT_LIMIT())
  }

  /** In the line. */
  #stand(arrival: Arrival): void {
    this.#line ??= new Line()
    if (isWithin(this.#line.length + 1, this.#rules.limits.eventsWaiting)) this.#line.push(arrival)
    else this.#refuse(arrival, new FST_NSP_QUEUE_FULL())
  }

  /** To the application's own middlewares and listeners. */
  #passOn(arrival: Arrival): void {
    const socket = this.#socket
    const own = arrival.name === 'error' ? OWN_ERROR_LISTENERS : 0
    const isListenedFor = socket.listenerCount(arrival.name) > own || socket.listenersAny().length > 0
    if (isListenedFor) arrival.passOn?.()
    else this.#refuse(arrival, new FST_NSP_EVENT_UNKNOWN())
  }

  #refuse({ name, ack }: Arrival, error: Error): void {
    const { code } = error as { code?: string }
    const socket = this.#socket
    const where = { namespace: socket.nsp.name, socketId: socket.id, event: name.slice(0, 100), code }
    this.#rules.log.debug(where, 'event refused')
    ack?.send({ ok: false, error: toWireError(error) }, undefined)
  }
}
