import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_QUEUE_FULL } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { Arrival } from '../incoming-event.js'

/*
 * The events of one socket that wait, for its onConnect or for their turn: so many, in their order, and each no longer than
 * its time. Who waits in vain is answered, and never begins.
 */

const LATE = 'The wait for its turn, behind an earlier event of its socket,'

export type Refuse = (arrival: Arrival, error: Error) => void

interface Waiting {
  readonly arrival: Arrival
  timer: NodeJS.Timeout | undefined
}

export class Queue {
  readonly #waiting = new Set<Waiting>()
  /** One walk along it takes each from its front; who has waited too long leaves it, wherever he stands. */
  #walk = this.#waiting.values()
  readonly #limit: number
  readonly #refuse: Refuse

  /** `limit` is how many may wait, 0 for no bound. `refuse` answers an event. */
  constructor(limit: number, refuse: Refuse) {
    this.#limit = limit
    this.#refuse = refuse
  }

  /** Lets one more wait, for `timeoutMs` at most; 0 is for ever. */
  push(arrival: Arrival, timeoutMs: number): void {
    if (!isWithin(this.#waiting.size + 1, this.#limit)) {
      this.#refuse(arrival, new FST_NSP_QUEUE_FULL())
      return
    }
    const waiting: Waiting = { arrival, timer: undefined }
    if (timeoutMs > 0) waiting.timer = setTimeout(() => this.#giveUp(waiting, timeoutMs), timeoutMs).unref()
    this.#waiting.add(waiting)
  }

  /** Takes the first; undefined where nobody waits. */
  shift(): Arrival | undefined {
    let next = this.#walk.next()
    if (next.done) {
      // A walk that has come to an end sees nobody who comes later.
      this.#walk = this.#waiting.values()
      next = this.#walk.next()
    }
    if (next.done) return undefined
    const { arrival, timer } = next.value
    this.#waiting.delete(next.value)
    clearTimeout(timer)
    return arrival
  }

  /** Lets nobody wait any more: all are answered with an error, or dropped where there is none. */
  end(error?: Error): void {
    for (let arrival = this.shift(); arrival; arrival = this.shift()) if (error) this.#refuse(arrival, error)
  }

  #giveUp(waiting: Waiting, timeoutMs: number): void {
    this.#waiting.delete(waiting)
    this.#refuse(waiting.arrival, new FST_NSP_HANDLER_TIMEOUT(LATE, 'handlerTimeoutMs', timeoutMs))
  }
}
