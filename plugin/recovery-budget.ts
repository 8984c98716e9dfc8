import { Line } from './line.js'

/*
 * What all adapters of a server may keep for recoveries together: events that were sent, and sessions that wait.
 */

/** Something that is kept for a while. */
export interface Kept {
  readonly bytes: number
  /** Milliseconds: since when. */
  readonly at: number
  /** Whether its owner has let go of it. */
  isGone: boolean
  /** Makes its owner let go of it: because its time is over, or before that. */
  drop: ((isEarly: boolean) => void) | undefined
}

/** Counts bytes; beyond its limit the oldest of all go first. */
export class RecoveryBudget {
  readonly #limit: number
  readonly #queue = new Line<Kept>()
  #bytes = 0

  /** limit: bytes, 0 for no bound. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  take(kept: Kept): void {
    this.#bytes += kept.bytes
    this.#queue.push(kept)
    while (this.#limit > 0 && this.#bytes > this.#limit) this.#shift(true)
  }

  /** Hears that an owner has let go of something. */
  release(kept: Kept): void {
    if (kept.isGone) return
    kept.isGone = true
    // It stays in the queue for a while: by this function its owner would, too, and the namespace of that.
    kept.drop = undefined
    this.#bytes -= kept.bytes
  }

  /** Makes everybody let go of what has been kept since before a time. */
  sweep(before: number): void {
    for (let first = this.#queue.first; first && (first.isGone || first.at < before); first = this.#queue.first) {
      this.#shift(false)
    }
  }

  #shift(isEarly: boolean): void {
    const kept = this.#queue.shift()
    if (!kept || kept.isGone) return
    kept.drop?.(isEarly)
    this.release(kept)
  }
}
