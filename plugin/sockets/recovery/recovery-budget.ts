import { FifoQueue } from '../../shared/queue.js'

/*
 * What all adapters of a server may keep for recoveries together: events that were sent, and sessions that wait.
 */

/** Who keeps something. */
export interface Keeper {
  /** Lets go of it: because its time is over, or before that. */
  drop(isEarly: boolean): void
}

/** One thing that is kept. It stays in the queue for a while after it was released, and holds nothing then. */
export interface Share {
  keeper: Keeper | undefined
  readonly bytes: number
  /** Milliseconds: since when. */
  readonly at: number
}

// Fewer that were released are not worth a new queue.
const FEW = 100

/** Counts bytes; beyond its limit the oldest of all go first. */
export class RecoveryBudget {
  readonly #limit: number
  #queue = new FifoQueue<Share>()
  /** How many in the queue were released. */
  #released = 0
  #bytes = 0

  /** limit: bytes, 0 for no bound. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  take(keeper: Keeper, bytes: number, at: number): Share {
    const share: Share = { keeper, bytes, at }
    this.#bytes += bytes
    this.#queue.push(share)
    while (this.#limit > 0 && this.#bytes > this.#limit) this.#shift(true)
    return share
  }

  /** Hears that its keeper has let go of something. */
  release(share: Share): void {
    if (!share.keeper) return
    this.#forget(share)
    this.#released++
    if (this.#released > FEW && this.#released * 2 > this.#queue.length) this.#clean()
  }

  /** Makes everybody let go of what has been kept since before a time. */
  sweep(before: number): void {
    for (let first = this.#queue.first; first && (!first.keeper || first.at < before); first = this.#queue.first) {
      this.#shift(false)
    }
  }

  #shift(isEarly: boolean): void {
    const share = this.#queue.shift()
    const keeper = share?.keeper
    if (!share || !keeper) {
      this.#released--
      return
    }
    this.#forget(share)
    keeper.drop(isEarly)
  }

  #forget(share: Share): void {
    share.keeper = undefined
    this.#bytes -= share.bytes
  }

  #clean(): void {
    const kept = new FifoQueue<Share>()
    for (let share = this.#queue.shift(); share; share = this.#queue.shift()) if (share.keeper) kept.push(share)
    this.#queue = kept
    this.#released = 0
  }
}
