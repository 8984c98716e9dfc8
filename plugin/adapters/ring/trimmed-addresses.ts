import type { LogPlace } from '../log/log-segments.js'

/*
 * Where each address of a log has lost its last emit, because it is too old. So an address with few emits does not lose its
 * sessions by those of others in the same log.
 */

// Addresses that are remembered one by one.
const MOST_ADDRESSES = 10_000

export class TrimmedAddresses {
  /** Those with the latest places are the last. */
  readonly #places = new Map<string, LogPlace>()
  /** What is known of any other address begins here. */
  #others: LogPlace

  constructor(begin: LogPlace) {
    this.#others = begin
  }

  /** The place after which nothing of an address is missing. */
  lastOf(address: string): LogPlace {
    return this.#places.get(address) ?? this.#others
  }

  /** Called in the order of the places. `last`: the index of the last item of each address. */
  add({ segment, position }: LogPlace, last: ReadonlyMap<string, number>): void {
    for (const [address, index] of last) {
      this.#places.delete(address)
      this.#places.set(address, { segment, position, index })
    }
    for (const [first, at] of this.#places) {
      if (this.#places.size <= MOST_ADDRESSES) break
      this.#places.delete(first)
      this.#others = at
    }
  }
}
