import type { Event, Socket } from 'socket.io'
import { callIn } from '../../shared/async-scope.js'
import { FST_NSP_CLOSING, FST_NSP_IN_FLIGHT_LIMIT } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { LogRates } from '../../shared/log/rated-log.js'
import type { EventReceiver } from '../../wire/event-batch.js'
import type { Dispatch, EventGate } from '../event-run.js'
import { type Arrival, HandedOn, Laned, tellAny } from '../incoming-event.js'
import type { ConnectionContext } from '../socket-context.js'
import { Desk, type DeskRules } from './answer-undeclared.js'
import { Queue } from './event-queue.js'
import type { Rates } from './event-rates.js'
import type { Drain } from './in-flight.js'
import { passToListeners, walkMiddlewares } from './run-listeners.js'
import type { Middleware } from './socket-middlewares.js'

/*
 * The one gate of a socket. Every incoming event comes to it before any function of the application does. It is counted,
 * waits for its turn, and passes the application's middlewares, if there are any; then a declared event is dispatched, one
 * that the application listens for goes on to its listeners, and any other is answered.
 */

/** What all gates of a namespace have in common. */
export interface GateRules extends DeskRules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly drain: Drain
  readonly isSequential: boolean
}

const GATE = Symbol('gate')

/** Sets the gate of a socket; it is shut until `open()`. Call it before anything can be awaited, and before any listener. */
export function setGate(socket: Socket, rules: GateRules, rates: Rates | undefined): Gate {
  const gate = new Gate(socket, rules, rates)
  ;(socket as { [GATE]?: Gate })[GATE] = gate
  return gate
}

/** Sends an event that Socket.IO hands on to the socket's gate, which gives it back by `next`. */
export function sendToGate(socket: Socket, event: Event, next: (error?: Error) => void): void {
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
  /** Made with the first event: most sockets are idle. */
  #desk: Desk | undefined
  #connection: ConnectionContext | undefined = undefined
  isOpen = false
  #inFlight = 0
  #isTurning = false
  /** What came before it was open. */
  #early: Queue | undefined = undefined
  /** What waits for its turn in a sequential namespace. */
  #line: Queue | undefined = undefined
  /** Those of the application; most sockets have none. */
  #middlewares: readonly Middleware[] | undefined = undefined

  constructor(socket: Socket, rules: GateRules, rates: Rates | undefined) {
    this.#socket = socket
    this.#rules = rules
    this.#desk = rates && new Desk(socket, rules, rates)
  }

  /** What is to be kept of it; undefined where there was no event. */
  get rates(): Rates | undefined {
    return this.#desk?.rates
  }

  get desk(): Desk {
    this.#desk ??= new Desk(this.#socket, this.#rules, undefined)
    return this.#desk
  }

  get lines(): LogRates {
    return this.desk.rates.lines
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
    const arrival = new Laned(this.#socket, data, id)
    tellAny(this.#socket, arrival, data)
    this.arrive(arrival)
  }

  arrive(arrival: Arrival): void {
    // Behind a leave in one chunk: Socket.IO would look only after its middlewares.
    if (!this.#socket.connected) return
    if (!this.desk.admits(arrival)) return
    if (this.isOpen) this.#route(arrival)
    else {
      this.#early ??= this.#createQueue()
      this.#early.push(arrival, 0)
    }
  }

  /** Lets the events in, those that have waited first, in order. Without a context they are for plain listeners only. */
  open(connection?: ConnectionContext): void {
    this.#connection = connection
    this.isOpen = true
    // One by one: what a handler of one of them disconnects is closed, and the rest dropped.
    for (let next = this.#early?.shift(); next; next = this.#early?.shift()) this.#route(next)
    this.#early = undefined
  }

  /** Lets nothing wait any more, for the socket goes: all is answered with an error, or dropped where there is none. */
  endWaiting(error?: Error): void {
    this.#early?.end(error)
    this.#line?.end(error)
  }

  /** The socket has gone; where the server closes, its connection is still open, and what waits is answered. */
  close(isClosing: boolean): void {
    this.endWaiting(isClosing ? new FST_NSP_CLOSING() : undefined)
    this.#desk?.waits.end(isClosing ? 'closing' : 'gone')
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

  #createQueue(): Queue {
    return new Queue(this.#rules.limits.eventsWaiting, (arrival, error) => this.desk.refuse(arrival, error))
  }

  /** Sends an event on its way, in what the hooks of its socket's joining have filled. */
  #route(arrival: Arrival): void {
    callIn(this.#connection?.scope, this.#send, this, arrival)
  }

  #send(arrival: Arrival): void {
    const { dispatches, drain, isSequential, limits, handlerTimeoutMs } = this.#rules
    const dispatch = dispatches.get(arrival.name)
    const timeoutMs = dispatch?.handlerTimeoutMs ?? handlerTimeoutMs
    if (drain.isClosed) this.desk.refuse(arrival, new FST_NSP_CLOSING())
    else if (!dispatch && !this.#middlewares) passToListeners(this.desk, arrival, this.#connection !== undefined)
    else if (isSequential && this.#inFlight > 0) {
      this.#line ??= this.#createQueue()
      this.#line.push(arrival, timeoutMs)
    } else if (isWithin(this.#inFlight + 1, limits.eventsInFlight)) {
      this.#inFlight++
      drain.enter()
      if (arrival.goOn) arrival.goOn()
      else if (this.#middlewares) this.#runSteps(arrival, this.#middlewares, timeoutMs)
      else this.#deliver(arrival)
    } else this.desk.refuse(arrival, new FST_NSP_IN_FLIGHT_LIMIT())
  }

  #runSteps(arrival: Arrival, middlewares: readonly Middleware[], timeoutMs: number): void {
    walkMiddlewares(this.desk, arrival, middlewares, timeoutMs, {
      passed: () => this.#deliver(arrival),
      left: () => this.leave(),
      again: () => this.#route(arrival),
    })
  }

  /** To whom it is for: a middleware may have given it another name. */
  #deliver(arrival: Arrival): void {
    const dispatch = this.#rules.dispatches.get(arrival.name)
    if (dispatch && this.#connection && this.#socket.connected) dispatch(this.#connection, arrival, this)
    else {
      if (this.#socket.connected) passToListeners(this.desk, arrival, this.#connection !== undefined)
      this.leave()
    }
  }
}
