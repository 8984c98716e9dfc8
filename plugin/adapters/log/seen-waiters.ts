/*
 * Calls that wait until this node has read an entry of a node.
 */

// More calls than wait at a time. A message of another node can't make this node keep more.
const MOST_WAITERS = 10_000

interface SeenWaiter {
  readonly node: string
  readonly number: number
  readonly run: () => void
}

export class SeenWaiters {
  readonly #hasSeen: (node: string, number: number) => boolean
  #waiters: SeenWaiter[] = []

  /** `hasSeen`: whether nothing waits for an entry any longer. */
  constructor(hasSeen: (node: string, number: number) => boolean) {
    this.#hasSeen = hasSeen
  }

  /** Calls `run` at once, or when the entry was read; earlier if too many wait. */
  add(node: string, number: number, run: () => void): void {
    if (this.#hasSeen(node, number)) {
      this.wake()
      run()
      return
    }
    if (this.#waiters.length >= MOST_WAITERS) this.#waiters.shift()?.run()
    this.#waiters.push({ node, number, run })
  }

  /** Calls those that need not wait any longer. */
  wake(): void {
    if (this.#waiters.length === 0) return
    const due = new Set(this.#waiters.filter(({ node, number }) => this.#hasSeen(node, number)))
    if (due.size === 0) return
    this.#waiters = this.#waiters.filter((waiter) => !due.has(waiter))
    for (const { run } of due) run()
  }

  clear(): void {
    this.#waiters = []
  }
}
