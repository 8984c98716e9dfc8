/*
 * What the rings of a node keep together. An address may need all of it: its log is the only one that is busy, or that is missed.
 */

export interface KeepingRing {
  /** When its oldest entry was read; undefined if it has none. */
  readonly oldestAt: number | undefined
  dropOldest(): void
}

export class RingMemory {
  readonly #limit: number
  readonly #rings = new Set<KeepingRing>()
  /** The characters of all entries. */
  length = 0

  /** `limit`: characters of all entries; 0 turns it off. */
  constructor(limit: number) {
    this.#limit = limit
  }

  add(ring: KeepingRing): void {
    this.#rings.add(ring)
  }

  /** Whether there is room for so many characters more. */
  has(length: number): boolean {
    return this.#limit === 0 || this.length + length <= this.#limit
  }

  /** Drops the oldest entries of all rings, until the others fit. */
  trim(): void {
    while (!this.has(0)) {
      const [oldest] = [...this.#rings].sort((one, other) => ageOf(one) - ageOf(other))
      oldest?.dropOldest()
    }
  }
}

function ageOf({ oldestAt = Number.POSITIVE_INFINITY }: KeepingRing): number {
  return oldestAt
}
