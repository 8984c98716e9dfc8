import { mock } from 'node:test'
import t from 'tap'
import { mockTimers, startReader } from './gap-reader.js'

/*
 * A broker that has dropped entries before a node has read them, while the connection stood: nothing but their numbers says so.
 */

const DROPPED = 'the broker has dropped what this node has not read'

t.test('connections are closed once, before what comes after the gap, and it is logged once', async (t) => {
  const { events, lines, append, arrived, log } = await startReader(t)
  const pass = mockTimers(t)
  append('a', 1)
  const before = append('b', 1)
  append('a', 5)
  append('b', 4)
  append('a', 6)
  await arrived()
  t.strictSame(events, ['a1', 'b1'], 'the missing ones may come')
  t.equal(log.offset.split('.')[1], before)
  pass(3_000)
  await arrived()
  t.strictSame(events, ['a1', 'b1', 'closed', 'a5', 'b4', 'a6'])
  t.equal(lines.filter(({ msg }) => msg === DROPPED).length, 1)
  append('b', 5)
  append('a', 7)
  append('a', 9)
  await arrived()
  t.strictSame(events.slice(6), ['b5', 'a7'], 'the next gap is another one')
  pass(3_000)
  await arrived()
  t.strictSame(events.slice(8), ['closed', 'a9'])
})

t.test('what comes late is delivered in the order of the log, and nothing is closed', async (t) => {
  const { events, append, arrived } = await startReader(t)
  const pass = mockTimers(t)
  append('a', 1)
  append('a', 4)
  append('b', 1)
  append('a', 3)
  await arrived()
  t.strictSame(events, ['a1'])
  append('a', 2, { again: '-' })
  append('a', 5)
  await arrived()
  pass(3_000)
  t.strictSame(events, ['a1', 'a4', 'b1', 'a3', 'a2', 'a5'])
})

t.test('what was appended again after a loss, or can not be read, is no gap', async (t) => {
  const { keeper, events, append, arrived } = await startReader(t)
  append('a', 1)
  append('a', 1, { again: '-' })
  append('a', 2, { again: '-' })
  keeper.append(0, { node: 'a', number: 3, body: 'x' }, 60_000)
  append('a', 4)
  await arrived()
  t.strictSame(events, ['a1', 'a2', 'a4'])
})

t.test('what its node does not have any more to append it again is a gap', async (t) => {
  const { events, append, arrived } = await startReader(t)
  const pass = mockTimers(t)
  append('a', 1)
  append('a', 4, { again: '-' })
  append('a', 5)
  await arrived()
  pass(3_000)
  await arrived()
  t.strictSame(events, ['a1', 'closed', 'a4', 'a5'])
})

t.test('a log that is followed again has no gap since it was left', async (t) => {
  const { node, events, attach, detach, append, arrived } = await startReader(t)
  const pass = mockTimers(t)
  append('a', 1)
  await arrived()
  detach()
  pass(30_000)
  append('a', 2)
  await arrived()
  attach()
  await node.settled()
  append('a', 3)
  await arrived()
  t.strictSame(events, ['a1', 'a3'])
})

t.test('what is told about the log meanwhile counts: it was rolled back, trimmed, or left', async (t) => {
  for (const change of ['rolled back', 'trimmed', 'left'] as const) {
    const { keeper, events, node, detach, append, arrived, log } = await startReader(t)
    mock.timers.enable({ apis: ['setTimeout'] })
    const { epoch } = keeper
    append('a', 1)
    append('a', 3)
    await arrived()
    if (change === 'left') detach()
    else log.resumed(change)
    await arrived()
    if (change === 'rolled back') {
      append('a', 7, { epoch })
      for (const number of [2, 3]) append('a', number, { again: '-' })
    }
    mock.timers.tick(30_000)
    await arrived()
    mock.timers.reset()
    const rest = { 'rolled back': ['a2', 'a3'], trimmed: ['closed', 'a3'], left: [] }[change]
    t.strictSame(events, ['a1', ...rest], change)
    await node.close()
  }
})

t.test('a node that closes does not wait for what is missing', async (t) => {
  const { node, events, append, arrived } = await startReader(t)
  append('a', 1)
  append('a', 3)
  await arrived()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  await node.close()
  t.strictSame(events, ['a1'])
})
