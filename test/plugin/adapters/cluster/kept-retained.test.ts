import t from 'tap'
import type { RetainedChange } from '../../../../plugin/adapters/broker.js'
import { KeptRetained } from '../../../../plugin/adapters/cluster/kept-retained.js'

/*
 * What a primary retains in its memory, and for how long.
 */

const changeOf = (set: string, value: string, more: Partial<RetainedChange> = {}): RetainedChange => ({
  set,
  key: 'k',
  value,
  most: 2,
  ttlMs: 100,
  ...more,
})

function createRetained(limit = 1_000) {
  const clock = { now: 0 }
  const kept = new KeptRetained(limit, () => clock.now)
  let number = 0
  const change = (...changes: RetainedChange[]) => kept.change(0, { node: 'a', number: ++number, body: '' }, changes)
  const read = (...sets: string[]) => kept.read(sets).map(({ set, key, value }) => `${set}.${key}=${value}`)
  return { clock, kept, change, read }
}

t.test('a set is there until its time is up after its last change', (t) => {
  const { clock, change, read } = createRetained()
  change(changeOf('s', '1'), changeOf('other', '1', { ttlMs: 1_000_000 }))
  clock.now = 90
  change(changeOf('s', '2', { key: 'new' }))
  clock.now = 189
  t.strictSame(read('s'), ['s.k=1', 's.new=2'])
  clock.now = 190
  t.strictSame(read('s'), [])
  change(changeOf('s', '3', { key: 'later' }))
  t.strictSame(read('s'), ['s.later=3'], 'it begins anew')
  clock.now = 20_000
  change(changeOf('x', '1'))
  t.strictSame(read('s', 'other', 'x'), ['other.k=1', 'x.k=1'])
  t.end()
})

t.test('beyond the limit, the sets that were changed longest ago are dropped', (t) => {
  const { change, read } = createRetained(100)
  for (const set of ['a', 'b', 'c']) change(changeOf(set, 'x'.repeat(30)))
  change(changeOf('a', 'y'.repeat(30)))
  change(changeOf('d', 'x'.repeat(30)))
  t.strictSame(
    read('a', 'b', 'c', 'd').map((each) => each.slice(0, 5)),
    ['a.k=y', 'c.k=x', 'd.k=x'],
  )
  change(changeOf('c', '', { value: undefined }), changeOf('e', 'x'.repeat(25)))
  t.strictSame(
    read('a', 'b', 'c', 'd', 'e').map((each) => each.slice(0, 5)),
    ['a.k=y', 'd.k=x', 'e.k=x'],
    'a set without values is none',
  )
  change(changeOf('f', 'x'.repeat(200)))
  t.strictSame(read('a', 'b', 'c', 'd', 'e', 'f'), [], 'nor one that is longer than all may be')
  t.end()
})

t.test('the entry of a node counts once; of thousands of nodes, those of late are remembered', (t) => {
  const { kept, read } = createRetained()
  const change = (node: string, number: number, value: string) =>
    kept.change(0, { node, number, body: '' }, [changeOf('s', value)])
  change('first', 2, '1')
  change('other', 1, '2')
  change('first', 2, '3')
  change('first', 1, '4')
  t.strictSame(read('s'), ['s.k=2'])
  kept.change(1, { node: 'first', number: 1, body: '' }, [changeOf('s', 'of another log')])
  t.strictSame(read('s'), ['s.k=of another log'])
  for (let node = 0; node < 4_096; node++) change(`node ${node}`, 1, 'x')
  change('first', 2, '5')
  t.strictSame(read('s'), ['s.k=5'])
  t.end()
})
