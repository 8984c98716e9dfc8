import t, { type Test } from 'tap'
import type { LogEntry } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { emitFields } from '../../../../plugin/adapters/log/log-item.js'
import { mockTimers, startReader } from '../log/gap-reader.js'

/*
 * A broker that drops entries before a node has read them, and whose sender is silent from then on. Only what the sender tells with its
 * hello says so.
 */

const DROPPED = 'the broker has dropped what this node has not read'

/** A reader that can be told of entries. */
async function startTold(t: Test, Connection = KeeperConnection) {
  const reader = await startReader(t, Connection)
  const { keeper, node } = reader
  /** An entry that does not reach the reader. */
  const miss = (writer: string, number: number) => {
    const body = `${keeper.epoch}\n[["/chat"],[0]]\n[0,"e","2[\\"${writer}${number}\\"]",0,[],[]]`
    return keeper.logOf(0).append({ node: writer, number, body }, 0, 60_000)
  }
  /** One that the broker has dropped, too. */
  const drop = (writer: string, number: number) => {
    const entry = miss(writer, number)
    keeper.logOf(0).trim(entry.position)
    return entry
  }
  const hello = (writer: string, appended: unknown, epoch: string | null = null) =>
    node.messages.receive(JSON.stringify([writer, 'hello', epoch, { logs: 1, appended }]))
  const tell = (writer: string, number: number, position: string, epoch = keeper.epoch) =>
    hello(writer, [[0, number, `${epoch}.${position}.0`]])
  return { ...reader, miss, drop, hello, tell }
}

t.test('connections are closed once when the last entry of a node is gone, and it is logged once', async (t) => {
  const { events, lines, append, arrived, drop, tell } = await startTold(t)
  const pass = mockTimers(t)
  append('a', 1)
  await arrived()
  const { position } = drop('a', 3)
  const other = drop('b', 1)
  tell('a', 3, position)
  tell('a', 3, position)
  await arrived()
  pass(2_999)
  await arrived()
  t.strictSame(events, ['a1'], 'it may be under way')
  pass(1)
  await arrived()
  t.strictSame(events, ['a1', 'closed'])
  tell('b', 1, other.position)
  tell('a', 3, position)
  pass(10_000)
  tell('b', 1, other.position)
  tell('a', 3, position)
  pass(10_000)
  await arrived()
  t.strictSame(events, ['a1', 'closed'], 'what was gone at the same time is the same loss')
  t.equal(lines.filter(({ msg }) => msg === DROPPED).length, 1)
  append('a', 4)
  append('a', 5)
  await arrived()
  t.strictSame(events.slice(2), ['a4', 'a5'])
  tell('a', 6, drop('a', 6).position)
  pass(3_000)
  await arrived()
  t.strictSame(events.slice(4), ['closed'], 'another one')
})

t.test('the first entry of a node can be gone, too, also in an epoch of which nothing was read', async (t) => {
  const { keeper, node, events, arrived, drop, hello, tell } = await startTold(t)
  const pass = mockTimers(t)
  tell('a', 1, drop('a', 1).position)
  pass(3_000)
  await arrived()
  t.strictSame(events, ['closed'])
  pass(3_000)
  keeper.renewEpoch(keeper.epoch)
  hello('a', [], keeper.epoch)
  await arrived()
  t.equal(node.epoch, keeper.epoch)
  tell('a', 2, drop('a', 2).position)
  pass(3_000)
  await arrived()
  t.strictSame(events, ['closed', 'closed'])
})

t.test('a node that is only behind closes nothing', async (t) => {
  const { connection, events, arrived, miss, tell } = await startTold(t)
  const pass = mockTimers(t)
  const entry = miss('a', 1)
  tell('a', 1, entry.position)
  for (let round = 0; round < 5; round++) {
    pass(3_000)
    await arrived()
  }
  t.strictSame(events, [])
  connection.deliver(0, entry)
  await arrived()
  tell('a', 1, entry.position)
  pass(3_000)
  await arrived()
  t.strictSame(events, ['a1'])
})

t.test(
  'what was appended before the log was followed is not missing, nor what nobody of the cluster tells',
  async (t) => {
    const { node, events, append, arrived, attach, detach, drop, hello, tell } = await startTold(t)
    const pass = mockTimers(t)
    append('a', 1)
    await arrived()
    detach()
    pass(30_000)
    const { position } = drop('a', 2)
    tell('a', 2, position)
    attach()
    await node.settled()
    tell('a', 2, position)
    const next = drop('a', 3)
    for (const odd of [
      'x',
      [1],
      [[0]],
      [[0, '3', 'x']],
      [[9, 3, 'x']],
      [[0, 3, 'x']],
      [[0, 3, null]],
      [['length', 3, 'x']],
    ]) {
      hello('a', odd)
    }
    tell('a', 3, next.position, 'unknown')
    pass(3_000)
    await arrived()
    t.strictSame(events, ['a1'])
  },
)

t.test('entries that wait, and a broker that is away, are waited for', async (t) => {
  const { connection, events, append, arrived, drop, tell } = await startTold(t)
  const pass = mockTimers(t)
  append('a', 1)
  await arrived()
  const { position } = drop('b', 1)
  connection.cut()
  tell('b', 1, position)
  pass(3_000)
  await arrived()
  t.strictSame(events, ['a1'])
  connection.restore()
  await arrived()
  t.strictSame(events, ['a1', 'closed'], 'the broker says so')
  pass(3_000)
  await arrived()
  append('a', 3)
  tell('b', 2, drop('b', 2).position)
  pass(1_000)
  append('a', 5)
  await arrived()
  pass(2_000)
  await arrived()
  t.strictSame(events.slice(2), ['a3'], 'another entry waits for those before it')
  pass(1_000)
  await arrived()
  pass(10_000)
  await arrived()
  t.strictSame(events.slice(3), ['closed', 'a5'], 'both are one loss')
})

t.test('after a new epoch a node has time to append again', async (t) => {
  const { keeper, node, events, append, arrived, drop, hello, tell } = await startTold(t)
  const pass = mockTimers(t)
  const { position } = drop('a', 1)
  tell('a', 1, position)
  pass(2_000)
  const old = keeper.epoch
  keeper.renewEpoch(old)
  hello('b', [], keeper.epoch)
  await arrived()
  t.not(node.epoch, old)
  pass(2_000)
  await arrived()
  t.strictSame(events, [])
  append('a', 1, { again: `${old}.${position}.0` })
  await arrived()
  pass(3_000)
  await arrived()
  t.strictSame(events, ['a1'])
})

t.test('a node that has not read its own last entry closes its connections, too', async (t) => {
  class Dropping extends KeeperConnection {
    override async append(_log: number, entry: LogEntry) {
      return this.dropEntry(entry)
    }
    dropEntry = (_entry: LogEntry) => '0'
  }
  const pass = mockTimers(t, ['setTimeout', 'setInterval'])
  const { keeper, connection, node, events, arrived } = await startTold(t, Dropping)
  Object.assign(connection, {
    dropEntry(entry: LogEntry) {
      const { position } = keeper.logOf(0).append(entry, 0, 60_000)
      keeper.logOf(0).trim(position)
      return position
    },
  })
  node.post('/chat', emitFields(['2["lost"]'], { rooms: new Set() }), true)
  await arrived()
  pass(2_000)
  await arrived()
  pass(3_000)
  await arrived()
  t.strictSame(events, ['closed'])
})

t.test('a node that closes does not look after what it was told', async (t) => {
  const { node, events, arrived, drop, tell } = await startTold(t)
  const pass = mockTimers(t)
  tell('a', 1, drop('a', 1).position)
  await node.close()
  pass(3_000)
  await arrived()
  t.strictSame(events, [])
})

t.test('in a healthy cluster nothing is closed, and nothing is appended twice, whatever is told', async (t) => {
  const pass = mockTimers(t, ['setTimeout', 'setInterval'])
  const one = await startTold(t)
  const other = await startTold(
    t,
    class extends KeeperConnection {
      constructor(_keeper: unknown, _node: string, windowMs: number) {
        super(one.keeper, 'other', windowMs)
      }
    },
  )
  const emit = ({ node }: typeof one, text: string) =>
    node.post('/chat', emitFields([`2["${text}"]`], { rooms: new Set() }), true)
  let emitted = 0
  for (let round = 0; round < 200; round++) {
    if (round % 7 === 0) emit(round % 2 ? one : other, String(emitted++))
    if (round % 50 === 10) other.detach()
    if (round % 50 === 40) {
      other.attach()
      await other.node.settled()
    }
    await one.arrived()
    pass(2_000)
  }
  await one.arrived()
  t.strictSame(
    one.events,
    Array.from({ length: emitted }, (_, index) => String(index)),
  )
  t.notOk(other.events.includes('closed'))
  t.ok(other.events.length > 10)
  t.equal(one.keeper.logOf(0).end, String(emitted))
  for (const { lines } of [one, other]) t.strictSame(lines, [])
})
