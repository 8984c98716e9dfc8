import type { Event, Socket } from 'socket.io'
import { contain, isThenable } from './sequence.js'

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
}

/** One event on its way through the middlewares. */
export class MiddlewareWalk {
  readonly #socket: Socket
  readonly #event: Event
  readonly #middlewares: readonly Middleware[]
  readonly #end: WalkEnd
  #isOver = false
  /** What the one that has the word has returned. */
  #pending: unknown = undefined

  constructor(socket: Socket, event: Event, middlewares: readonly Middleware[], end: WalkEnd) {
    this.#socket = socket
    this.#event = event
    this.#middlewares = middlewares
    this.#end = end
  }

  get isOver(): boolean {
    return this.#isOver
  }

  begin(): void {
    this.#enter(0)
  }

  /** Lets no further one begin. Calls `settled` when the promise of the one that has the word has settled, if there is one. */
  stop(settled: () => void): void {
    this.#isOver = true
    if (isThenable(this.#pending)) this.#pending.then(settled, settled)
    else settled()
  }

  #enter(index: number): void {
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
      if (this.#isOver) return
      this.#pending = undefined
      if (!isThrown && !error) this.#enter(index + 1)
      else {
        this.#isOver = true
        this.#end.refused(error, isThrown)
      }
    }
    const next = (error?: Error) => {
      if (!isSettled) settle(error, false)
    }
    const call = () => {
      const returned = Reflect.apply(middleware, this.#socket, [this.#event, next])
      if (!isSettled) this.#pending = returned
      return returned
    }
    contain(call, (error) => {
      if (isSettled || this.#isOver) this.#end.failedLate(error)
      else settle(error, true)
    })
  }
}
