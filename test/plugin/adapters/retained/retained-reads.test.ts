import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { RetainedChange } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { emitFields, type LogItem } from '../../../../plugin/adapters/log/log-item.js'
import { retainedNameOf } from '../../../../plugin/adapters/retained/retained-name.js'
import { until } from '../../harness.js'
import { startReadingNode } from '../log/reading-node.js'

/*
 * What a node is told of retained values: what they are, and where in the order of the log that was.
 */

/** A node that reads `/chat`, and what was told in which order. */
async function startRetaining(t: Test, keeper = new LogKeeper(), name = 'one') {
  const connection = new KeeperConnection(keeper, name, 60_000)
  const told: string[] = []
  const reading = await startReadingNode(t, connection, {
    receive: (item: LogItem) => void told.push((item as { text: string }).text),
    answer: () => undefined,
    closeConnections: () => void told.push('closed'),
    rereadRetained: () => void told.push('reread'),
  })
  const emit = (value: string, ...more: Partial<RetainedChange>[]) => {
    const change = { set: 's', key: 'k', value, most: 3, ttlMs: 60_000 }
    const retained = [change, ...more.map((each) => ({ ...change, ...each }))]
    reading.node.post('/chat', emitFields([`2["${value}"]`], { rooms: new Set() }), true, retained)
  }
  const read = () => reading.node.retained.read('/chat', ['s'])
  return { ...reading, keeper, connection, told, emit, read }
}

t.test('the changes of all emits of a tick are those of one entry', async (t) => {
  const { node, keeper, emit, read, told } = await startRetaining(t)
  emit('1')
  emit('2', { key: 'other' }, { key: 'gone' }, { key: 'gone', value: undefined })
  await until(() => node.isIdle && told.length === 2)
  t.equal(keeper.logOf(0).read('0', 10).entries.length, 1)
  t.strictSame(await read(), {
    end: '1',
    values: [
      { set: 's', key: 'k', value: '2' },
      { set: 's', key: 'other', value: '2' },
    ],
  })
})

t.test('whoever waits for a position is called behind its entry, and before the next one', async (t) => {
  const { keeper, node, told, emit, read } = await startRetaining(t)
  const other = await startRetaining(t, keeper, 'two')
  emit('1')
  await until(() => node.isIdle)
  const { end } = await read()
  node.retained.whenDelivered('/chat', end, () => told.push('first'))
  node.retained.whenDelivered('/chat', '2', () => told.push('second'))
  node.retained.whenDelivered('/chat', '3', () => told.push('third'))
  await until(() => told.includes('first'))
  other.emit('2')
  await until(() => other.node.isIdle)
  other.emit('3')
  await until(() => told.length === 6)
  t.strictSame(told, ['2["1"]', 'first', '2["2"]', 'second', '2["3"]', 'third'])
  node.retained.whenDelivered('/chat', '2', () => told.push('at once'))
  t.equal(told.at(-1), 'at once')
})

t.test('values are read once the log is followed: what comes behind them is delivered', async (t) => {
  const keeper = new LogKeeper()
  const one = await startRetaining(t, keeper)
  const connection = new KeeperConnection(keeper, 'two', 60_000)
  const calls: string[] = []
  connection.follow = async (log) => {
    calls.push('follow')
    return await KeeperConnection.prototype.follow.call(connection, log)
  }
  connection.readRetained = async (log, sets) => {
    calls.push('read')
    return await KeeperConnection.prototype.readRetained.call(connection, log, sets)
  }
  one.emit('1')
  await until(() => one.node.isIdle)
  const { node } = await startReadingNode(t, connection, {
    receive: () => {},
    answer: () => {},
    closeConnections: () => {},
  })
  t.match((await node.retained.read('/chat', ['s'])).values, [{ value: '1' }])
  t.strictSame(calls, ['follow', 'read'])
})

t.test('after a loss of the broker they are to be read again, also behind each entry that comes again', async (t) => {
  const { keeper, connection, node, told, emit, read, log } = await startRetaining(t)
  emit('1')
  await until(() => told.length === 1)
  node.retained.whenDelivered('/chat', '2', () => told.push('never'))
  connection.cut()
  keeper.logOf(0).rollBack()
  connection.restore()
  await until(() => told.length === 3)
  t.strictSame(told, ['2["1"]', 'reread', 'reread'])
  t.match(await read(), { end: '1', values: [{ value: '1' }] }, 'the memory has lost the log only')
  emit('2')
  await until(() => told.length === 4)
  t.strictSame(told.slice(3), ['2["2"]'], 'what has waited for a position of before is not called')
  log.lose()
  t.strictSame(told.slice(4), ['closed', 'reread'])
})

t.test('nobody is called for a log that is not followed any more', async (t) => {
  const { node, told, detach } = await startRetaining(t)
  node.retained.whenDelivered('/chat', '1', () => told.push('never'))
  mock.timers.enable({ apis: ['setTimeout'] })
  detach()
  mock.timers.tick(30_000)
  mock.timers.reset()
  node.logOf('/chat').whenDelivered('0', () => told.push('begun before'))
  t.strictSame(told, [])
})

t.test('changes count to what waits for the broker', async (t) => {
  const { connection, node, emit } = await startRetaining(t)
  connection.cut()
  emit('1', { key: 'long', value: 'x'.repeat(60_000) }, { key: 'long', value: 'y'.repeat(60_000) })
  emit('2', { key: 'other', value: 'x'.repeat(60_000) })
  t.throws(() => emit('3'), { code: 'FST_NSP_BROKER_BACKLOG', message: /12\d{4}/ })
  connection.restore()
  await until(() => node.isIdle)
  emit('4')
})

t.test('a name of any texts can be stored by every broker, and two are never one', async (t) => {
  t.equal(retainedNameOf('/chat', '', 'n'), '["/chat","","n"]')
  t.equal(retainedNameOf('\0\ud800'), '["\\u0000\\ud800"]')
  t.not(retainedNameOf('a', 'b'), retainedNameOf('a","b'))
  const [long, other] = ['x', 'y'].map((end) => retainedNameOf(`${'é'.repeat(300)}${end}`))
  t.equal(long?.length, 43)
  t.not(long, other)
})
