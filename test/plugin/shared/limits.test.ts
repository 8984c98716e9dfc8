import t from 'tap'
import { DEFAULT_LIMITS, isWithin } from '../../../plugin/shared/limits.js'

t.test('0 is no limit', async (t) => {
  t.equal(isWithin(1_000_000, 0), true)
  t.equal(isWithin(3, 3), true)
  t.equal(isWithin(4, 3), false)
  t.equal(isWithin(0, 3), true)
})

t.test('every limit is on by default', async (t) => {
  for (const [name, limit] of Object.entries(DEFAULT_LIMITS)) t.ok(limit > 0, name)
  t.ok(Object.isFrozen(DEFAULT_LIMITS))
})
