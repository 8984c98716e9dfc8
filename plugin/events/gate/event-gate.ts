import type { Event, Socket } from 'socket.io'
import { callIn } from '../../shared/async-scope.js'
import { FST_NSP_CLOSING, FST_NSP_IN_FLIGHT_LIMIT } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { LineRates } from '../../shared/log/rated-log.js'
import type { EventReceiver } from '../../wire/event-batch.js'
import type { Dispatch, GateHandle } from '../event-run.js'
import { FastPathEvent, type IncomingEvent, notifyAnyListeners, SocketIoEvent } from '../incoming-event.js'
import type { SocketContext } from '../socket-context.js'
import { EventQueue } from './event-queue.js'
import type { EventRates } from './event-rates.js'
import { EventRefusals, type RefusalRules } from './event-refusals.js'
import type { Drain } from './in-flight.js'
import { passToListeners, runMiddlewares } from './run-listeners.js'
import type { Middleware } from './socket-middlewares.js'

/*
 * The one gate of a socket. Every incoming event comes to it before any function of the application does. It is counted,
 * waits for its turn, and passes the application's middlewares, if there are any; then a declared event is dispatched, one
 * that the application listens for goes on to its listeners, and any other is answered.
 */

/** What all gates of a namespace have in common. */
export interface GateRules extends RefusalRules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly drain: Drain
  readonly isSequential: boolean
}

const GATE = Symbol('gate')

/** Sets the gate of a socket; it is shut until `open()`. Call it before anything can be awaited, and before any listener. */
export function setGate(socket: Socket, rules: GateRules, rates: EventRates | undefined): EventGate {
  const gate = new EventGate(socket, rules, rates)
  ;(socket as { [GATE]?: EventGate })[GATE] = gate
  return gate
}

/** Sends an event that Socket.IO hands on to the socket's gate, which gives it back by `next`. */
export function sendToGate(socket: Socket, event: Event, next: (error?: Error) => void): void {
  gateOf(socket)?.accept(new SocketIoEvent(event, next))
}

export function gateOf(socket: Socket): EventGate | undefined {
  return (socket as { [GATE]?: EventGate })[GATE]
}

/** The gate of a socket, if an event of that name is declared there: then no listener has a say in it. */
export function receiverOf(socket: Socket, event: string): EventReceiver | undefined {
  const gate = gateOf(socket)
  return gate?.knows(event) ? gate : undefined
}

/** It lets events in that are well, and counts them. */
export class EventGate implements EventReceiver, GateHandle {
  readonly #socket: Socket
  readonly #rules: GateRules
  /** Made with the first event: most sockets are idle. */
  #refusals: EventRefusals | undefined
  #connection: SocketContext | undefined = undefined
  isOpen = false
  #inFlight = 0
  #isShifting = false
  /** What came before it was open. */
  #early: EventQueue | undefined = undefined
  /** What waits for its turn in a sequential namespace. */
  #queue: EventQueue | undefined = undefined
  /** Those of the application; most sockets have none. */
  #middlewares: readonly Middleware[] | undefined = undefined

  constructor(socket: Socket, rules: GateRules, rates: EventRates | undefined) {
    this.#socket = socket
    this.#rules = rules
    this.#refusals = rates && new EventRefusals(socket, rules, rates)
  }

  /** What is to be kept of it; undefined where there was no event. */
  get rates(): EventRates | undefined {
    return this.#refusals?.rates
  }

  get refusals(): EventRefusals {
    this.#refusals ??= new EventRefusals(this.#socket, this.#rules, undefined)
    return this.#refusals
  }

  get lines(): LineRates {
    return this.refusals.rates.lines
  }

  knows(event: string): boolean {
    return this.#rules.dispatches.has(event)
  }

  /** Adds a middleware of the application. An event that is in the middle of them does not meet it. */
  use(middleware: Middleware): void {
    this.#middlewares = [...(this.#middlewares ?? []), middleware]
  }

  /** Takes a declared event of the fast lane: the list of its name and arguments, and the number of its ack. */
  receive(data: readonly unknown[], id: number | undefined): void {
    const incoming = new FastPathEvent(this.#socket, data, id)
    notifyAnyListeners(this.#socket, incoming, data)
    this.accept(incoming)
  }

  accept(incoming: IncomingEvent): void {
    // Behind a leave in one chunk: Socket.IO would look only after its middlewares.
    if (!this.#socket.connected) return
    if (!this.refusals.admits(incoming)) return
    if (this.isOpen) this.#route(incoming)
    else {
      this.#early ??= this.#createQueue()
      this.#early.push(incoming, 0)
    }
  }

  /** Lets the events in, those that have waited first, in order. Without a context they are for plain listeners only. */
  open(connection?: SocketContext): void {
    this.#connection = connection
    this.isOpen = true
    // One by one: what a handler of one of them disconnects is closed, and the rest dropped.
    for (let next = this.#early?.shift(); next; next = this.#early?.shift()) this.#route(next)
    this.#early = undefined
  }

  /** Lets nothing wait any more, for the socket goes: all is answered with an error, or dropped where there is none. */
  endWaiting(error?: Error): void {
    this.#early?.end(error)
    this.#queue?.end(error)
  }

  /** The socket has gone; where the server closes, its connection is still open, and what waits is answered. */
  close(isClosing: boolean): void {
    this.endWaiting(isClosing ? new FST_NSP_CLOSING() : undefined)
    this.#refusals?.waiting.end(isClosing ? 'closing' : 'gone')
  }

  /** One of its events has ended; in a sequential namespace it is the turn of the next. */
  leave(): void {
    this.#inFlight--
    this.#rules.drain.leave()
    const queue = this.#queue
    // One that ends at once comes back here from route(): it leaves the next to the loop, or the stack would overflow.
    if (!queue || this.#isShifting) return
    this.#isShifting = true
    while (this.#inFlight === 0) {
      const next = queue.shift()
      if (!next) break
      this.#route(next)
    }
    this.#isShifting = false
  }

  #createQueue(): EventQueue {
    return new EventQueue(this.#rules.limits.eventsWaiting, (incoming, error) => this.refusals.refuse(incoming, error))
  }

  /** Sends an event on its way, in what the hooks of its socket's joining have filled. */
  #route(incoming: IncomingEvent): void {
    callIn(this.#connection?.scope, this.#send, this, incoming)
  }

  #send(incoming: IncomingEvent): void {
    const { dispatches, drain, isSequential, limits, handlerTimeoutMs } = this.#rules
    const dispatch = dispatches.get(incoming.name)
    const timeoutMs = dispatch?.handlerTimeoutMs ?? handlerTimeoutMs
    if (drain.isClosed) this.refusals.refuse(incoming, new FST_NSP_CLOSING())
    else if (!dispatch && !this.#middlewares) passToListeners(this.refusals, incoming, this.#connection !== undefined)
    else if (isSequential && this.#inFlight > 0) {
      this.#queue ??= this.#createQueue()
      this.#queue.push(incoming, timeoutMs)
    } else if (isWithin(this.#inFlight + 1, limits.eventsInFlight)) {
      this.#inFlight++
      drain.enter()
      if (incoming.resume) incoming.resume()
      else if (this.#middlewares) this.#runMiddlewares(incoming, this.#middlewares, timeoutMs)
      else this.#deliver(incoming)
    } else this.refusals.refuse(incoming, new FST_NSP_IN_FLIGHT_LIMIT())
  }

  #runMiddlewares(incoming: IncomingEvent, middlewares: readonly Middleware[], timeoutMs: number): void {
    runMiddlewares(this.refusals, incoming, middlewares, timeoutMs, {
      passed: () => this.#deliver(incoming),
      left: () => this.leave(),
      again: () => this.#route(incoming),
    })
  }

  /** To whom it is for: a middleware may have given it another name. */
  #deliver(incoming: IncomingEvent): void {
    const dispatch = this.#rules.dispatches.get(incoming.name)
    if (dispatch && this.#connection && this.#socket.connected) dispatch(this.#connection, incoming, this)
    else {
      if (this.#socket.connected) passToListeners(this.refusals, incoming, this.#connection !== undefined)
      this.leave()
    }
  }
}
