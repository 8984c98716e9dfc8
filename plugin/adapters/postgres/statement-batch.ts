import type { PageSize } from '../page-size.js'

/*
 * Runs items in batches, one batch at a time: what comes in meanwhile is the next batch. So many small changes cost few
 * statements, and are carried out in order.
 */

interface Waiting<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/** Chooses the next batch of the items that wait: at least the first, and at most `most`. The others keep their order. */
export type ChooseBatch<Item> = (waiting: readonly Item[], most: number) => readonly Item[]

/**
 * Returns a function that adds an item, and resolves to the result of its batch for it.
 * If a batch fails, also what waits behind it is rejected, so that nothing overtakes what failed.
 *
 * @param page - how many items a batch has at most
 * @param run - resolves to one result an item, in the same order
 */
export function createBatches<Item, Result>(
  page: PageSize,
  choose: ChooseBatch<Item>,
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = []
  let isRunning = false

  async function runAll(): Promise<void> {
    isRunning = true
    while (waiting.length > 0) {
      const chosen = new Set(
        choose(
          waiting.map(({ item }) => item),
          page.current,
        ),
      )
      const batch = waiting.filter(({ item }) => chosen.has(item))
      waiting = waiting.filter(({ item }) => !chosen.has(item))
      try {
        const results = await page.measure(
          () => run(batch.map(({ item }) => item)),
          ({ length }) => length,
        )
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
      } catch (error) {
        const failed = [...batch, ...waiting]
        waiting = []
        for (const { reject } of failed) reject(error)
      }
    }
    isRunning = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isRunning) void runAll()
    })
}
