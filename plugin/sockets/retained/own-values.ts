import type { EncodedEmit, RetainedMark } from '../../shared/retained-emits.js'
import { RetainedPlace } from './retained-place.js'

/*
 * The values of all places that this node has written, without other nodes: as long as the process lives.
 */

/** Beyond one of these, the places that were written longest ago are dropped. */
const MOST_PLACES = 10_000
const MOST_BYTES = 67_108_864

export class OwnValues {
  readonly #now: () => number
  /** In the order in which they were written. */
  readonly #places = new Map<string, RetainedPlace>()
  #bytes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  find(address: string, room: string | undefined): RetainedPlace | undefined {
    return this.#places.get(nameOf(address, room))
  }

  apply(address: string, room: string | undefined, mark: RetainedMark, encoded: EncodedEmit): void {
    const name = nameOf(address, room)
    const place = this.#places.get(name) ?? new RetainedPlace(this.#now)
    this.#bytes -= place.bytes
    place.apply(mark, encoded)
    this.#bytes += place.bytes
    this.#places.delete(name)
    if (place.bytes > 0) this.#places.set(name, place)
    for (const [oldest, { bytes }] of this.#places) {
      if (this.#places.size <= MOST_PLACES && this.#bytes <= MOST_BYTES) break
      this.#places.delete(oldest)
      this.#bytes -= bytes
    }
  }
}

function nameOf(address: string, room: string | undefined): string {
  return JSON.stringify([address, room])
}
