import { FifoQueue } from '../../shared/queue.js'

/*
 * The memory limit that all adapters of a server share for recovery: kept events and recoverable sessions.
 */

/** The owner of something that is kept. */
export interface BudgetOwner {
  /** Drops it: when its time is over, or early. */
  drop(isEarly: boolean): void
}

/** A kept item. After its release it stays in the queue for a while, without an owner. */
export interface BudgetShare {
  owner: BudgetOwner | undefined
  readonly bytes: number
  /** When it was taken, in milliseconds. */
  readonly at: number
}

// Rebuilding the queue does not pay for fewer released items.
const REBUILD_FROM = 100

/** Counts bytes. Over the limit, the oldest items are dropped first. */
export class RecoveryBudget {
  readonly #limit: number
  #queue = new FifoQueue<BudgetShare>()
  /** The number of released items in the queue. */
  #released = 0
  #bytes = 0

  /** `limit`: bytes; 0 turns it off. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  take(owner: BudgetOwner, bytes: number, at: number): BudgetShare {
    const share: BudgetShare = { owner, bytes, at }
    this.#bytes += bytes
    this.#queue.push(share)
    while (this.#limit > 0 && this.#bytes > this.#limit) this.#shift(true)
    return share
  }

  /** Called when the owner has dropped an item. */
  release(share: BudgetShare): void {
    if (!share.owner) return
    this.#forget(share)
    this.#released++
    if (this.#released > REBUILD_FROM && this.#released * 2 > this.#queue.length) this.#clean()
  }

  /** Drops everything that was taken before a time. */
  sweep(before: number): void {
    for (let first = this.#queue.first; first && (!first.owner || first.at < before); first = this.#queue.first) {
      this.#shift(false)
    }
  }

  #shift(isEarly: boolean): void {
    const share = this.#queue.shift()
    const owner = share?.owner
    if (!share || !owner) {
      this.#released--
      return
    }
    this.#forget(share)
    owner.drop(isEarly)
  }

  #forget(share: BudgetShare): void {
    share.owner = undefined
    this.#bytes -= share.bytes
  }

  #clean(): void {
    const kept = new FifoQueue<BudgetShare>()
    for (let share = this.#queue.shift(); share; share = this.#queue.shift()) if (share.owner) kept.push(share)
    this.#queue = kept
    this.#released = 0
  }
}
