import type { Event, Socket } from 'socket.io'
import { contain, isThenable, promiseOf } from '../../shared/maybe-async.js'

/*
 * The middlewares that an application gives to `socket.use`. They are kept by the socket's gate, and walked for each of its
 * events, declared or not, in the way of Socket.IO: each begins when the one before it calls `next`.
 */

export type Middleware = (event: Event, next: (error?: Error) => void) => unknown

/** How a walk has ended: all have let the event go on, or one of them has refused it. */
export interface WalkEnd {
  passed(): void
  /** `isThrown`: it has failed, and did not call `next(error)`. */
  refused(error: unknown, isThrown: boolean): void
  /** One has failed when its word was said already: nobody but the log hears of it. */
  failedLate(error: unknown): void
  /** The one that has the word has returned, and its promise has been kept, but it has not said its word. */
  fellSilent(): void
  /** The silent one lets a parked event go on after all: `goOn` takes it to the next. */
  resumed(goOn: () => void): void
  /** Whether the time of a parked event is up: then nothing of it is heard any more. */
  isLate(): boolean
}

/** One event on its way through the middlewares. */
export class MiddlewareWalk {
  readonly #socket: Socket
  readonly #event: Event
  readonly #middlewares: readonly Middleware[]
  readonly #end: WalkEnd
  #isOver = false
  #isParked = false
  #index = 0
  /** What the one that has the word has returned. */
  #pending: Promise<unknown> | undefined = undefined

  constructor(socket: Socket, event: Event, middlewares: readonly Middleware[], end: WalkEnd) {
    this.#socket = socket
    this.#event = event
    this.#middlewares = middlewares
    this.#end = end
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether it waits for a word that may never come, and holds nothing meanwhile. */
  get isParked(): boolean {
    return this.#isParked
  }

  /** Which of them has the word. */
  get index(): number {
    return this.#index
  }

  begin(): void {
    this.#enter(0)
  }

  park(): void {
    this.#isParked = true
  }

  /** Lets no further one begin. */
  end(): void {
    this.#isOver = true
  }

  /** Lets no further one begin. Calls `settled` when the promise of the one that has the word has settled, if there is one. */
  stop(settled: () => void): void {
    this.#isOver = true
    if (this.#pending) this.#pending.then(settled, settled)
    else settled()
  }

  #enter(index: number): void {
    this.#index = index
    const middleware = this.#middlewares[index]
    // Behind one that has disconnected the socket none begins; whoever hears that all are passed looks for that, too.
    if (!middleware || !this.#socket.connected) {
      this.#isOver = true
      this.#end.passed()
      return
    }
    let isSettled = false
    const settle = (error: unknown, isThrown: boolean) => {
      isSettled = true
      const wasParked = this.#isParked
      if (this.#isOver || (wasParked && this.#end.isLate())) return
      this.#isParked = false
      this.#pending = undefined
      if (!isThrown && !error) {
        if (wasParked) this.#end.resumed(() => this.#enter(index + 1))
        else this.#enter(index + 1)
      } else {
        this.#isOver = true
        this.#end.refused(error, isThrown)
      }
    }
    const next = (error?: Error) => {
      if (!isSettled) settle(error, false)
    }
    const hush = () => {
      if (!isSettled && !this.#isOver) this.#end.fellSilent()
    }
    const call = () => {
      const returned: unknown = Reflect.apply(middleware, this.#socket, [this.#event, next])
      if (!isThenable(returned)) return hush()
      const pending = promiseOf(returned)
      if (!isSettled) this.#pending = pending
      return pending.then(hush)
    }
    contain(call, (error) => {
      if (isSettled || this.#isOver) this.#end.failedLate(error)
      else settle(error, true)
    })
  }
}
