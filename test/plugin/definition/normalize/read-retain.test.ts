import t from 'tap'
import { readRetain } from '../../../../plugin/definition/normalize/events/read-retain.js'

const key = () => 'k'

t.test('a number keeps so many values; a key keeps one of each, by default 1,000 for seven days', async (t) => {
  t.equal(readRetain({}, 'emit'), undefined)
  t.match(readRetain({ retain: 3 }, 'emit'), { most: 3, key: undefined, ttlMs: 604_800_000 })
  t.match(readRetain({ retain: { key } }, 'emit'), { most: 1_000, key, isRemoval: undefined, ttlMs: 604_800_000 })
  t.match(readRetain({ retain: { key, isRemoval: key, count: 2, ttlMs: 5 } }, 'emit'), {
    most: 2,
    isRemoval: key,
    ttlMs: 5,
  })
})

t.test('a wrong value is refused, with its path', async (t) => {
  const cases: [unknown, RegExp][] = [
    [0, /emit\.retain must be an object with `key`, or a whole number of emits, from 1 to 10000: got 0/],
    ['all', /emit\.retain must be .* got string/],
    [null, /emit\.retain must be .* got null/],
    [{}, /emit\.retain\.key is missing: write retain: 1 for the last value/],
    [{ key: 'symbol' }, /emit\.retain\.key must be a function/],
    [{ key, count: 10_001 }, /emit\.retain\.count must be a whole number of keys, from 1 to 10000: got 10001/],
    [{ key, ttlMs: 0 }, /emit\.retain\.ttlMs/],
    [{ key, ttl: 1 }, /emit\.retain/],
  ]
  for (const [retain, message] of cases) t.throws(() => readRetain({ retain }, 'emit'), { message })
  t.throws(() => readRetain({ retain: 1, reply: true }, 'emit'), {
    message: /emit\.retain can not be combined with `reply`/,
  })
})
