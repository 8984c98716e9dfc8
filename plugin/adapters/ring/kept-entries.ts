import { comparePositions } from '../log/log-position.js'
import type { LogPlace } from '../log/log-segments.js'
import type { RingEntry } from './ring-entry.js'
import type { KeepingRing, RingMemory } from './ring-memory.js'

/*
 * The entries of a ring, oldest first.
 */

export class KeptEntries implements KeepingRing {
  readonly #memory: RingMemory
  readonly #onDrop: (entry: RingEntry) => void
  // Dropped entries at the start leave empty places, until they are half of the array.
  #entries: RingEntry[] = []
  #start = 0

  /** `onDrop` is called with each entry that makes room for others. */
  constructor(memory: RingMemory, onDrop: (entry: RingEntry) => void) {
    this.#memory = memory
    this.#onDrop = onDrop
    memory.add(this)
  }

  get oldestAt(): number | undefined {
    return this.#entries[this.#start]?.at
  }

  get all(): RingEntry[] {
    return this.#entries.slice(this.#start)
  }

  /** Those that may have something after a place. */
  from({ segment, position }: LogPlace): RingEntry[] {
    let low = this.#start
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle] as RingEntry
      const difference = entry.segment.order - segment.order || comparePositions(entry.position, position)
      if (difference < 0) low = middle + 1
      else high = middle
    }
    return this.#entries.slice(low)
  }

  add(entry: RingEntry): void {
    this.#entries.push(entry)
    this.#memory.length += entry.length
  }

  /** Puts others in their place. */
  replace(entries: RingEntry[]): void {
    for (const { length } of this.all) this.#memory.length -= length
    for (const { length } of entries) this.#memory.length += length
    this.#entries = entries
    this.#start = 0
  }

  /** Called while there is one. */
  dropOldest(): void {
    const oldest = this.#entries[this.#start++] as RingEntry
    this.#memory.length -= oldest.length
    this.#onDrop(oldest)
    if (this.#start * 2 < this.#entries.length) return
    this.#entries = this.all
    this.#start = 0
  }
}
