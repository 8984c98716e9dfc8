/*
 * How many entries are read or written at a time. What takes a slow network longer than the broker may take to answer fails, and would fail
 * again each time. Therefore each failure divides the size by four, down to one entry: if one passes, all pass in the end. What is quick
 * doubles it again.
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
