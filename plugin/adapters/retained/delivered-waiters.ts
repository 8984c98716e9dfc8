import type { LogPosition } from '../broker.js'
import { comparePositions } from '../log/log-position.js'

/*
 * Calls that wait until a log was delivered up to a position.
 */

interface DeliveredWaiter {
  readonly position: LogPosition
  readonly run: () => void
}

export class DeliveredWaiters {
  readonly #end: () => LogPosition | undefined
  #waiters: DeliveredWaiter[] = []

  /** `end`: the last position that was delivered; undefined while entries wait. */
  constructor(end: () => LogPosition | undefined) {
    this.#end = end
  }

  /** Calls `run` at once, or by the `wake()` behind the entry at the position. */
  add(position: LogPosition, run: () => void): void {
    if (this.#isDelivered(position)) run()
    else this.#waiters.push({ position, run })
  }

  wake(): void {
    if (this.#waiters.length === 0) return
    const due = this.#waiters.filter(({ position }) => this.#isDelivered(position))
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter))
    for (const { run } of due) run()
  }

  clear(): void {
    this.#waiters = []
  }

  #isDelivered(position: LogPosition): boolean {
    const end = this.#end()
    return end !== undefined && comparePositions(position, end) <= 0
  }
}
