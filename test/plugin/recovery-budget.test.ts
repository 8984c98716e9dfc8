import t from 'tap'
import { type Kept, RecoveryBudget } from '../../plugin/recovery-budget.js'

function keep(bytes: number, at = 0) {
  const drops: boolean[] = []
  const kept: Kept = { bytes, at, isGone: false, drop: (isEarly) => void drops.push(isEarly) }
  return { kept, drops }
}

t.test('beyond the limit the oldest go, before their time', async (t) => {
  const budget = new RecoveryBudget(100)
  const [first, second, third] = [keep(60), keep(30), keep(50)]
  for (const { kept } of [first, second]) budget.take(kept)
  t.equal(budget.bytes, 90)
  budget.take(third.kept)
  t.equal(budget.bytes, 80)
  t.strictSame([first.drops, second.drops, third.drops], [[true], [], []])
})

t.test('what its owner has let go of counts once, and is not dropped again', async (t) => {
  const budget = new RecoveryBudget(100)
  const [first, second] = [keep(60), keep(90)]
  budget.take(first.kept)
  budget.release(first.kept)
  budget.release(first.kept)
  t.equal(budget.bytes, 0)
  budget.take(second.kept)
  t.equal(budget.bytes, 90)
  budget.take(keep(50).kept)
  t.equal(budget.bytes, 50)
  t.strictSame([first.drops, second.drops], [[], [true]])
})

t.test('what is over goes in its time, and 0 is no limit', async (t) => {
  const budget = new RecoveryBudget(0)
  const [first, second, gone, last] = [keep(1_000, 1), keep(1_000, 2), keep(1_000, 3), keep(1_000, 4)]
  for (const { kept } of [first, second, gone, last]) budget.take(kept)
  budget.release(gone.kept)
  budget.sweep(3)
  t.strictSame([first.drops, second.drops, gone.drops, last.drops], [[false], [false], [], []])
  t.equal(budget.bytes, 1_000)
})
