import type { Socket } from 'socket.io'
import { callIn } from '../../shared/async-scope.js'
import { FST_NSP_CLOSING, FST_NSP_IN_FLIGHT_LIMIT } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { LogRates } from '../../shared/log/rated-log.js'
import type { EventReceiver } from '../../wire/connection-state.js'
import { NumberedAck } from '../ack.js'
import type { GateHandle } from '../event-run.js'
import { DecodedEvent, type IncomingEvent, notifyAnyListeners } from '../incoming-event.js'
import type { SocketContext } from '../socket-context.js'
import { EventQueue } from './event-queue.js'
import type { EventRates } from './event-rates.js'
import { EventRefusals } from './event-refusals.js'
import type { GateRules } from './gate-rules.js'
import { passToListeners, runMiddlewares } from './run-listeners.js'
import type { Middleware } from './socket-middlewares.js'

/*
 * The gate of a socket: receives every incoming event before any function of the application. It applies the limits, queues
 * and counts the event, runs the `socket.use()` middlewares, and then dispatches a declared event, passes an undeclared one
 * to its listeners, or refuses an event that has none.
 */

export class EventGate implements EventReceiver, GateHandle {
  readonly #socket: Socket
  readonly #rules: GateRules
  /** Created with the first event: most sockets are idle. */
  #refusals: EventRefusals | undefined
  #context: SocketContext | undefined = undefined
  isOpen = false
  #inFlight = 0
  /** Streams that have begun: in a sequential namespace, no other event waits for them. */
  #streaming = 0
  #isShifting = false
  /** Events that were received before `open()`. */
  #early: EventQueue | undefined = undefined
  /** Events of a sequential namespace that wait for an earlier event to end. */
  #queue: EventQueue | undefined = undefined
  /** From `socket.use()`; most sockets have none. */
  #middlewares: readonly Middleware[] | undefined = undefined

  constructor(socket: Socket, rules: GateRules, rates: EventRates | undefined) {
    this.#socket = socket
    this.#rules = rules
    this.#refusals = rates && new EventRefusals(socket, rules, rates)
  }

  /** Kept for a socket that joins again; undefined if there was no event. */
  get rates(): EventRates | undefined {
    return this.#refusals?.rates
  }

  get refusals(): EventRefusals {
    this.#refusals ??= new EventRefusals(this.#socket, this.#rules, undefined)
    return this.#refusals
  }

  get lines(): LogRates {
    return this.refusals.rates.lines
  }

  knows(event: string): boolean {
    return this.#rules.dispatches.has(event)
  }

  /** Adds a middleware. It does not run for events whose middlewares have begun. */
  use(middleware: Middleware): void {
    this.#middlewares = [...(this.#middlewares ?? []), middleware]
  }

  get namespace(): string {
    return this.#socket.nsp.name
  }

  receive(data: readonly unknown[], id: number | undefined, isJson: boolean): void {
    // The event may follow a DISCONNECT packet in the same chunk.
    if (!this.#socket.connected) return
    const ack = id === undefined ? undefined : new NumberedAck(this.#socket, id, this.#rules.isText)
    const incoming = new DecodedEvent(this.#socket, data, ack, isJson)
    notifyAnyListeners(this.#socket, incoming, data)
    this.accept(incoming)
  }

  abort(error: unknown): void {
    this.#rules.report(error, 'event', this.#socket, '')
    this.#socket.conn.close()
  }

  accept(incoming: IncomingEvent): void {
    // The event may follow a DISCONNECT packet in the same chunk. Socket.IO checks this only after its middlewares.
    if (!this.#socket.connected) return
    if (!this.refusals.admits(incoming)) return
    if (this.isOpen) this.#route(incoming)
    else {
      this.#early ??= this.#createQueue()
      this.#early.push(incoming, 0)
    }
  }

  /** Lets events in, beginning with those that wait, in their order. Without a context they only go to plain listeners. */
  open(context?: SocketContext): void {
    this.#context = context
    this.isOpen = true
    // One by one: if a handler disconnects the socket, close() empties the queue and the rest is dropped.
    for (let next = this.#early?.shift(); next; next = this.#early?.shift()) this.#route(next)
    this.#early = undefined
  }

  /** Empties the queues of a socket that leaves. Its events are acked with `error`, or dropped without one. */
  endWaiting(error?: Error): void {
    this.#early?.end(error)
    this.#queue?.end(error)
  }

  /** Called when the socket has left. While the server closes, its connection is still open, so waiting events are acked. */
  close(isClosing: boolean): void {
    this.endWaiting(isClosing ? new FST_NSP_CLOSING() : undefined)
    this.#refusals?.waiting.end(isClosing ? 'closing' : 'gone')
  }

  /** Called when an event has ended. A sequential namespace then routes the next one. */
  leave(): void {
    this.#inFlight--
    this.#rules.drain.leave()
    this.#routeNext()
  }

  beginStream(): void {
    this.#streaming++
    this.#routeNext()
  }

  leaveStream(): void {
    this.#streaming--
    this.leave()
  }

  /** Whether an event may wait for another one, or for a middleware: a stream that is not open yet. */
  get isWaiting(): boolean {
    return !this.isOpen || this.#queue?.isEmpty === false || (!!this.#middlewares && this.#inFlight > this.#streaming)
  }

  #routeNext(): void {
    const queue = this.#queue
    // An event that ends synchronously calls leave() from within #route(). The loop takes the next one, so the stack stays flat.
    if (!queue || this.#isShifting) return
    this.#isShifting = true
    while (this.#inFlight === this.#streaming) {
      const next = queue.shift()
      if (!next) break
      this.#route(next)
    }
    this.#isShifting = false
  }

  #createQueue(): EventQueue {
    return new EventQueue(this.#rules.limits.eventsWaiting, (incoming, error) => this.refusals.refuse(incoming, error))
  }

  /** Routes an event, with the AsyncLocalStorage stores that the hooks of the socket's connect have filled. */
  #route(incoming: IncomingEvent): void {
    callIn(this.#context?.scope, this.#send, this, incoming)
  }

  #send(incoming: IncomingEvent): void {
    const { dispatches, drain, isSequential, limits, handlerTimeoutMs } = this.#rules
    const dispatch = dispatches.get(incoming.name)
    const timeoutMs = dispatch?.handlerTimeoutMs ?? handlerTimeoutMs
    if (drain.isClosed) this.refusals.refuse(incoming, new FST_NSP_CLOSING())
    else if (!dispatch && !this.#middlewares) passToListeners(this.refusals, incoming, this.#context !== undefined)
    else if (isSequential && this.#inFlight > this.#streaming) {
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

  /** Looks the name up again: a middleware may have changed it. */
  #deliver(incoming: IncomingEvent): void {
    const dispatch = this.#rules.dispatches.get(incoming.name)
    if (dispatch && this.#context && this.#socket.connected) dispatch(this.#context, incoming, this)
    else {
      if (this.#socket.connected) passToListeners(this.refusals, incoming, this.#context !== undefined)
      this.leave()
    }
  }
}
