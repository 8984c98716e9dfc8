import t from 'tap'
import { SeenEntries } from '../../../../plugin/adapters/log/seen-entries.js'
import { SeenWaiters } from '../../../../plugin/adapters/log/seen-waiters.js'

t.test('what a stranger has written is never missed', async (t) => {
  const seen = new SeenEntries((node) => node !== 'stranger')
  for (const node of ['stranger', 'one']) {
    seen.add(node, 1)
    t.equal(seen.isAhead({ node, number: 7 }), node === 'one')
  }
})

t.test('an entry is read once, also one that a later one has overtaken', async (t) => {
  const seen = new SeenEntries(() => true)
  t.strictSame(
    [1, 4, 2, 2, 4, 3, 5].map((number) => seen.add('node', number)),
    [true, true, true, false, false, true, true],
  )
})

t.test('of what has not come, only the latest is remembered', async (t) => {
  const seen = new SeenEntries(() => true)
  seen.add('node', 1)
  seen.add('node', 1_000)
  t.notOk(seen.add('node', 999), 'more than are under way')
  seen.add('node', 1_050)
  seen.add('node', 1_100)
  t.notOk(seen.add('node', 1_020))
})

t.test('entries are missing before one whose number is not the next one, unless it is the first', async (t) => {
  const seen = new SeenEntries(() => true)
  const isAhead = (number: number) => seen.isAhead({ node: 'node', number })
  t.notOk(isAhead(7))
  seen.add('node', 7)
  t.strictSame([6, 7, 8, 9].map(isAhead), [false, false, false, true])
  seen.begin()
  t.notOk(isAhead(9))
  seen.add('node', 7)
  t.notOk(isAhead(9), 'one that was read before begins nothing')
  seen.add('node', 9)
  t.ok(isAhead(11))
})

t.test('what is missing before an entry has come when each of its numbers has', async (t) => {
  const seen = new SeenEntries(() => true)
  seen.note({ node: 'node', number: 1 })
  seen.add('node', 7)
  const isFilled = seen.fillBefore({ node: 'node', number: 10 })
  for (const number of [7, 8, 8, 10]) seen.note({ node: 'node', number })
  seen.note({ node: 'other', number: 9 })
  t.ok(seen.isAhead({ node: 'node', number: 10 }))
  seen.note({ node: 'node', number: 9 })
  t.ok(await isFilled)
  t.notOk(seen.isAhead({ node: 'node', number: 10 }))
})

t.test('of more nodes than a cluster has, one that is dead is forgotten, or the first', async (t) => {
  const seen = new SeenEntries((node) => node !== 'node 7')
  for (let node = 0; node < 1_024; node++) seen.add(`node ${node}`, 5)
  seen.add('new', 1)
  t.equal(seen.lastOf('node 7'), 0)
  seen.add('newer', 1)
  t.equal(seen.lastOf('node 0'), 0)
  t.equal(seen.lastOf('node 1'), 5)
})

t.test('of more calls than may wait, the first one waits no longer', async (t) => {
  const waiters = new SeenWaiters(() => false)
  const run: number[] = []
  for (let number = 0; number <= 10_000; number++) waiters.add('node', number, () => run.push(number))
  t.strictSame(run, [0])
})

t.test('calls that wait are made in order, and those that need not wait at once', async (t) => {
  let last = 0
  const waiters = new SeenWaiters((_node, number) => number <= last)
  const run: number[] = []
  for (const number of [2, 0, 1, 3]) waiters.add('node', number, () => run.push(number))
  t.strictSame(run, [0])
  last = 2
  waiters.wake()
  t.strictSame(run, [0, 2, 1])
})
