import t from 'tap'
import { KeptSessions } from '../../../../plugin/adapters/cluster/kept-sessions.js'

t.test('beyond the limit, the sessions that were written first are dropped', async (t) => {
  const sessions = new KeptSessions(25, () => 0)
  for (const id of ['a', 'b', 'c']) sessions.put(id, 'x'.repeat(9), 1_000, '')
  t.equal(sessions.size, 2)
  t.equal(sessions.read('a'), undefined)
  sessions.put('d', 'x'.repeat(100), 1_000, '')
  t.equal(sessions.size, 0, 'also one that is too large by itself')
})

t.test('a session that begins otherwise is replaced only when it has ended', async (t) => {
  let time = 0
  const sessions = new KeptSessions(1_000, () => time)
  t.ok(sessions.put('a', 'one', 1_000, 'one'))
  t.notOk(sessions.put('a', 'two', 1_000, 'two'))
  t.equal(sessions.read('a'), 'one')
  time = 1_000
  t.ok(sessions.put('a', 'two', 1_000, 'two'))
  t.equal(sessions.read('a'), 'two')
})

t.test('a session ends with its time, unless it is kept', async (t) => {
  let time = 0
  const sessions = new KeptSessions(1_000, () => time)
  for (const id of ['a', 'b']) sessions.put(id, 'text', 1_000, '')
  t.ok(sessions.keep('b', 30_000))
  t.notOk(sessions.keep('unknown', 30_000))
  time = 1_000
  t.notOk(sessions.keep('a', 30_000), 'one that has ended does not come back')
  t.equal(sessions.read('a'), undefined)
  t.equal(sessions.take('a'), undefined)
  t.equal(sessions.read('b'), 'text')
  sessions.put('c', 'text', 1, '')
  time = 20_000
  sessions.put('d', 'text', 1_000, '')
  t.equal(sessions.size, 2, 'those that have ended are forgotten')
  t.equal(sessions.take('b'), 'text')
})
