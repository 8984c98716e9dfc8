/*
 * How much is read or written at a time: as much as is allowed, and less after a failure. What is too long for a slow network never arrives,
 * and is asked for again after each loss. Therefore the size is a quarter after each failure, down to one: whatever a single entry passes
 * through is passed in the end. It grows again by what is quick.
 */

export class PageSize {
  readonly #most: number
  readonly #quickMs: number
  #size: number

  /** @param answerMs - how long the broker may take to answer, in milliseconds; a quarter of it is quick */
  constructor(most: number, answerMs: number) {
    this.#most = most
    this.#quickMs = answerMs / 4
    this.#size = most
  }

  get current(): number {
    return this.#size
  }

  get isWhole(): boolean {
    return this.#size === this.#most
  }

  /**
   * Runs what has up to `current` entries, and learns from it.
   *
   * @param lengthOf - how many there were: less than a page tells nothing about a longer one
   * @throws (rejects) what `run` rejects with
   */
  async measure<Result>(run: (size: number) => Promise<Result>, lengthOf: (result: Result) => number): Promise<Result> {
    const size = this.#size
    const begun = performance.now()
    try {
      const result = await run(size)
      const isQuick = lengthOf(result) >= size && performance.now() - begun <= this.#quickMs
      // Others may have run meanwhile.
      if (isQuick && size === this.#size) this.#size = Math.min(2 * size, this.#most)
      return result
    } catch (error) {
      if (size === this.#size) this.#size = Math.max(size >> 2, 1)
      throw error
    }
  }
}
