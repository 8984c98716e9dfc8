import type { Event, Socket } from 'socket.io'
import { contain, isThenable, promiseOf } from '../../shared/maybe-async.js'

/*
 * Runs the middlewares of `socket.use()` for one event, declared or not, as Socket.IO does: each begins when the one before
 * it calls `next()`.
 */

export type Middleware = (event: Event, next: (error?: Error) => void) => unknown

/** What a run reports. */
export interface RunCallbacks {
  /** All middlewares have called `next()`. */
  passed(): void
  /** A middleware has called `next(error)`, or has thrown (`isThrown`). */
  refused(error: unknown, isThrown: boolean): void
  /** A middleware has thrown after it called `next()`: the error is only logged. */
  failedLate(error: unknown): void
  /** The current middleware has returned, and its promise is fulfilled, but it has not called `next()`. */
  returnedUnanswered(): void
  /** The middleware of a parked event has called `next()`. `resume` runs the next one. */
  resumed(resume: () => void): void
  /** Whether a parked event has timed out: then a later `next()` is ignored. */
  isLate(): boolean
}

export class MiddlewareRun {
  readonly #socket: Socket
  readonly #event: Event
  readonly #middlewares: readonly Middleware[]
  readonly #callbacks: RunCallbacks
  #isOver = false
  #isParked = false
  #index = 0
  /** The promise that the current middleware has returned. */
  #pending: Promise<unknown> | undefined = undefined

  constructor(socket: Socket, event: Event, middlewares: readonly Middleware[], callbacks: RunCallbacks) {
    this.#socket = socket
    this.#event = event
    this.#middlewares = middlewares
    this.#callbacks = callbacks
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether the event waits for a `next()` that may never come, and does not count as in flight. */
  get isParked(): boolean {
    return this.#isParked
  }

  /** The index of the current middleware. */
  get index(): number {
    return this.#index
  }

  begin(): void {
    this.#enter(0)
  }

  park(): void {
    this.#isParked = true
  }

  /** Ends the run: no further middleware begins. */
  end(): void {
    this.#isOver = true
  }

  /** Ends the run, and calls `settled` when the promise of the current middleware, if there is one, has settled. */
  stop(settled: () => void): void {
    this.#isOver = true
    if (this.#pending) this.#pending.then(settled, settled)
    else settled()
  }

  #enter(index: number): void {
    this.#index = index
    const middleware = this.#middlewares[index]
    // No middleware begins after one that has disconnected the socket. passed() checks for that as well.
    if (!middleware || !this.#socket.connected) {
      this.#isOver = true
      this.#callbacks.passed()
      return
    }
    let isSettled = false
    const settle = (error: unknown, isThrown: boolean) => {
      isSettled = true
      const wasParked = this.#isParked
      if (this.#isOver || (wasParked && this.#callbacks.isLate())) return
      this.#isParked = false
      this.#pending = undefined
      if (!isThrown && !error) {
        if (wasParked) this.#callbacks.resumed(() => this.#enter(index + 1))
        else this.#enter(index + 1)
      } else {
        this.#isOver = true
        this.#callbacks.refused(error, isThrown)
      }
    }
    const next = (error?: Error) => {
      if (!isSettled) settle(error, false)
    }
    const afterReturn = () => {
      if (!isSettled && !this.#isOver) this.#callbacks.returnedUnanswered()
    }
    const call = () => {
      const returned: unknown = Reflect.apply(middleware, this.#socket, [this.#event, next])
      if (!isThenable(returned)) return afterReturn()
      const pending = promiseOf(returned)
      if (!isSettled) this.#pending = pending
      return pending.then(afterReturn)
    }
    contain(call, (error) => {
      if (isSettled || this.#isOver) this.#callbacks.failedLate(error)
      else settle(error, true)
    })
  }
}
