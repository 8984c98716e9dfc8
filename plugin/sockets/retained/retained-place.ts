import type { EncodedEmit, RetainedMark } from '../../shared/retained-emits.js'

/*
 * The values of one place: those of each emit in the order in which they were written.
 */

export interface PlaceValue {
  readonly emit: string
  readonly key: string
  readonly encoded: EncodedEmit
}

interface ValueSet {
  readonly values: Map<string, EncodedEmit>
  /** When they are gone. Milliseconds. */
  expiresAt: number
}

export class RetainedPlace {
  readonly #now: () => number
  readonly #sets = new Map<string, ValueSet>()
  #bytes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** The bytes of all values, more or less. */
  get bytes(): number {
    return this.#bytes
  }

  get values(): readonly PlaceValue[] {
    const now = this.#now()
    return [...this.#sets].flatMap(([emit, { values, expiresAt }]) =>
      expiresAt > now ? [...values].map(([key, encoded]) => ({ emit, key, encoded })) : [],
    )
  }

  /** Adds a value that another node has written: how long it is kept is known with the next change. */
  restore({ emit, key, encoded }: PlaceValue): void {
    this.#write(this.#setOf(emit), key, encoded)
  }

  apply({ emit, key, isRemoval, most, ttlMs }: RetainedMark, encoded: EncodedEmit): void {
    const set = this.#setOf(emit)
    const now = this.#now()
    if (set.expiresAt <= now) for (const gone of [...set.values.keys()]) this.#remove(set, gone)
    set.expiresAt = now + ttlMs
    this.#remove(set, key)
    if (!isRemoval) this.#write(set, key, encoded)
    const [oldest] = set.values.keys()
    if (set.values.size > most) this.#remove(set, oldest as string)
  }

  #setOf(emit: string): ValueSet {
    const set = this.#sets.get(emit) ?? { values: new Map(), expiresAt: Number.POSITIVE_INFINITY }
    this.#sets.set(emit, set)
    return set
  }

  #write({ values }: ValueSet, key: string, encoded: EncodedEmit): void {
    values.set(key, encoded)
    this.#bytes += bytesOf(encoded)
  }

  #remove({ values }: ValueSet, key: string): void {
    const encoded = values.get(key)
    if (!encoded) return
    values.delete(key)
    this.#bytes -= bytesOf(encoded)
  }
}

function bytesOf({ text, attachments }: EncodedEmit): number {
  return attachments.reduce((sum, { length }) => sum + length, text.length)
}
