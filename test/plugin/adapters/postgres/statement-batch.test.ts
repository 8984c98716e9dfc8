import t from 'tap'
import { PageSize } from '../../../../plugin/adapters/page-size.js'
import { createBatches } from '../../../../plugin/adapters/postgres/statement-batch.js'

/*
 * How many changes are one statement, after statements that have failed.
 */

t.test('after each failure a batch is a quarter, until it passes; then it grows again', async (t) => {
  const sizes: number[] = []
  let longest = 3
  const first = (waiting: readonly number[], most: number) => waiting.slice(0, most)
  const add = createBatches(new PageSize(32, 1_000_000), first, async (items: readonly number[]) => {
    sizes.push(items.length)
    if (items.length > longest) throw new Error('no answer in time')
    return items
  })
  /** Adds until everything has passed, as its writer does. */
  async function write(count: number): Promise<void> {
    let left = Array.from({ length: count }, (_, index) => index)
    while (left.length > 0) {
      const results = await Promise.allSettled(left.map(add))
      left = left.filter((_, index) => results[index]?.status === 'rejected')
    }
  }
  await write(33)
  // The first one of a call does not wait for the others.
  t.strictSame(sizes.slice(0, 6), [1, 32, 1, 8, 1, 2])
  t.ok(sizes.slice(6).every((size) => size <= 4))
  longest = 100
  sizes.length = 0
  await write(100)
  t.ok(sizes.includes(32))
})

t.test('what is not quick is read as it was, and never less than one at a time', async (t) => {
  const page = new PageSize(4, -1)
  t.ok(page.isWhole)
  const fail = () =>
    page.measure(
      () => Promise.reject(new Error('lost')),
      () => 0,
    )
  for (const size of [4, 1, 1]) {
    t.equal(page.current, size)
    await t.rejects(fail(), { message: 'lost' })
  }
  await page.measure(
    async () => 1,
    (length) => length,
  )
  t.equal(page.current, 1)
  t.notOk(page.isWhole)
})

t.test('of runs at the same time, one counts', async (t) => {
  const page = new PageSize(16, 1_000_000)
  const fail = () =>
    page.measure(
      () => Promise.reject(new Error('lost')),
      () => 0,
    )
  await Promise.allSettled([fail(), fail()])
  t.equal(page.current, 4)
  const run = () =>
    page.measure(
      async (size) => size,
      (length) => length,
    )
  await Promise.all([run(), run()])
  t.equal(page.current, 8)
})
