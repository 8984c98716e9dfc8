/*
 * A buffer for bytes that come in chunks. It grows with the bytes that have come, not with the length that a client announces,
 * and keeps none of the chunks.
 */

const SMALLEST = 64

export class GrowingBuffer {
  readonly #longest: number
  #bytes: Buffer
  length = 0

  /** @param longest - the final length, if it is known: the buffer does not grow beyond it */
  constructor(longest = Number.POSITIVE_INFINITY) {
    this.#longest = longest
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(SMALLEST, longest))
  }

  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.length + to - from
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#bytes.length * 2, this.#longest)))
      this.#bytes.copy(grown, 0, 0, this.length)
      this.#bytes = grown
    }
    chunk.copy(this.#bytes, this.length, from, to)
    this.length = needed
  }

  /** What was appended, without a copy. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }
}
