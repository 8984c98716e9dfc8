import t from 'tap'
import { RecoveryBudget } from '../../../../plugin/sockets/recovery/recovery-budget.js'

function createKeeper() {
  const drops: boolean[] = []
  return { drops, drop: (isEarly: boolean) => void drops.push(isEarly) }
}

t.test('over the limit the oldest items are dropped early', async (t) => {
  const budget = new RecoveryBudget(100)
  const [first, second, third] = [createKeeper(), createKeeper(), createKeeper()]
  budget.take(first, 60, 0)
  budget.take(second, 30, 0)
  t.equal(budget.bytes, 90)
  budget.take(third, 50, 0)
  t.equal(budget.bytes, 80)
  t.strictSame([first.drops, second.drops, third.drops], [[true], [], []])
})

t.test('an item larger than the limit is dropped at once', async (t) => {
  const budget = new RecoveryBudget(100)
  const keeper = createKeeper()
  budget.take(keeper, 101, 0)
  t.strictSame(keeper.drops, [true])
  t.equal(budget.bytes, 0)
})

t.test('an item that its owner has released counts once, is not dropped again, and is not referenced', async (t) => {
  const budget = new RecoveryBudget(100)
  const [first, second] = [createKeeper(), createKeeper()]
  const share = budget.take(first, 60, 0)
  budget.release(share)
  budget.release(share)
  t.equal(share.owner, undefined)
  t.equal(budget.bytes, 0)
  budget.take(second, 90, 0)
  t.equal(budget.bytes, 90)
  budget.take(createKeeper(), 50, 0)
  t.equal(budget.bytes, 50)
  t.strictSame([first.drops, second.drops], [[], [true]])
})

t.test('released items do not stay in the queue until their time', async (t) => {
  const budget = new RecoveryBudget(0)
  const kept = [createKeeper(), createKeeper()]
  budget.take(kept[0] as never, 1, 0)
  const shares = Array.from({ length: 1_000 }, () => budget.take(createKeeper(), 1, 0))
  budget.take(kept[1] as never, 1, 0)
  for (const share of shares) budget.release(share)
  t.equal(budget.bytes, 2)
  budget.sweep(1)
  t.strictSame(
    kept.map(({ drops }) => drops),
    [[false], [false]],
  )
  t.equal(budget.bytes, 0)
})

t.test('expired items are dropped in time, and 0 is no limit', async (t) => {
  const budget = new RecoveryBudget(0)
  const [first, second, gone, last] = [createKeeper(), createKeeper(), createKeeper(), createKeeper()]
  budget.take(first, 1_000, 1)
  budget.take(second, 1_000, 2)
  budget.release(budget.take(gone, 1_000, 3))
  budget.take(last, 1_000, 4)
  budget.sweep(3)
  t.strictSame([first.drops, second.drops, gone.drops, last.drops], [[false], [false], [], []])
  t.equal(budget.bytes, 1_000)
})
