/** Reproducible random numbers. */
export interface Random {
  /** From 0 to 1, without 1. */
  next(): number
  pick<Item>(items: readonly Item[]): Item
}

/** mulberry32: the same numbers for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return { next, pick: <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)] as Item }
}
