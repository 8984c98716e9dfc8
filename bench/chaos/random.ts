/*
 * Random numbers of a seed, so that a run can be repeated.
 */

export interface Random {
  /** At least 0, and below 1. */
  next(): number
  /** A whole number below `limit`. */
  below(limit: number): number
  shuffle<Item>(items: readonly Item[]): Item[]
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    shuffle(items) {
      const shuffled = [...items]
      for (let index = shuffled.length - 1; index > 0; index--) {
        const other = below(index + 1)
        ;[shuffled[index], shuffled[other]] = [shuffled[other] as never, shuffled[index] as never]
      }
      return shuffled
    },
  }
}
