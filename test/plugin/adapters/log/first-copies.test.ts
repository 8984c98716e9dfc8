import t, { type Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { mockTimers, startReader } from './gap-reader.js'

/*
 * An entry that is twice in the log, of a node that did not know whether the broker had the first copy. Between the two, another node
 * begins to read.
 */

/** A node that has left the log, and begins to read it anew with `begin()`. */
async function startLeftReader(t: Test, Connection = KeeperConnection) {
  const reader = await startReader(t, Connection)
  const pass = mockTimers(t)
  const { node, keeper, append, attach, detach } = reader
  detach()
  pass(30_000)
  return {
    ...reader,
    /** Appends an entry, and returns its offset. */
    place: (...entry: Parameters<typeof append>) => `${keeper.epoch}.${append(...entry)}.0`,
    begin: () => {
      attach()
      return node.settled()
    },
  }
}

/** Counts the reads of the broker, which may fail. */
class CountingConnection extends KeeperConnection {
  static reads = 0
  static isBroken = false
  override read(...args: Parameters<KeeperConnection['read']>) {
    CountingConnection.reads++
    return CountingConnection.isBroken ? Promise.reject(new Error('The connection was lost')) : super.read(...args)
  }
}

t.beforeEach(() => {
  CountingConnection.reads = 0
  CountingConnection.isBroken = false
})

t.test(
  'what others have received before a node begins to read is not delivered there when it comes again',
  async (t) => {
    const { events, append, place, begin, arrived } = await startLeftReader(t)
    const since = place('a', 1)
    append('a', 2)
    append('a', 3)
    append('b', 1)
    await begin()
    append('b', 2)
    for (const number of [2, 3, 4]) append('a', number, { since })
    append('a', 5)
    await arrived()
    t.strictSame(events, ['b2', 'a4', 'a5'])
  },
)

t.test('what comes again is delivered if the broker has had no first copy', async (t) => {
  const { events, append, place, begin, arrived } = await startLeftReader(t, CountingConnection)
  const since = place('a', 1)
  append('b', 1)
  await begin()
  append('a', 2, { since })
  append('a', 3, { since })
  append('b', 2)
  await arrived()
  t.strictSame(events, ['a2', 'a3', 'b2'])
  t.equal(CountingConnection.reads, 1, 'it is looked for once')
})

t.test('the first copy is found behind many entries', async (t) => {
  const { keeper, events, append, begin, arrived } = await startLeftReader(t)
  for (let number = 1; number <= 250; number++) append('b', number)
  append('a', 1)
  await begin()
  append('a', 1, { since: `${keeper.epoch}.0.0` })
  append('a', 2)
  await arrived()
  t.strictSame(events, ['a2'])
})

t.test(
  'it is not looked for where it can not be: after the begin, in another epoch, or behind what was read',
  async (t) => {
    const { keeper, events, append, place, begin, arrived } = await startLeftReader(t, CountingConnection)
    await begin()
    const since = place('a', 1)
    append('a', 2, { since })
    append('b', 1, { since })
    append('b', 2, { since: 'other.0.0' })
    append('c', 1, { since: 'other.0.0' })
    append('d', 1, { since: 'x' })
    await arrived()
    t.strictSame(events, ['a1', 'a2', 'b1', 'b2', 'c1', 'd1'])
    t.equal(CountingConnection.reads, 0)
    t.not(keeper.epoch, 'other')
  },
)

t.test('after the broker has lost something, no entry is taken for its own first copy', async (t) => {
  const { keeper, events, append, begin, arrived, log } = await startLeftReader(t, CountingConnection)
  for (const number of [1, 2, 3]) append('b', number)
  await begin()
  const { epoch } = keeper
  keeper.logOf(0).rollBack('1')
  keeper.renewEpoch(epoch)
  log.resumed('rolled back')
  await arrived()
  // Its node was certain of an entry before the loss, and has nothing to append again.
  append('a', 5, { since: `${epoch}.1.0` })
  await arrived()
  t.strictSame(events, ['a5'])
  t.equal(CountingConnection.reads, 0)
})

t.test('if it can not be looked for, the entry is delivered, and nothing behind it is lost', async (t) => {
  const { events, append, place, begin, arrived } = await startLeftReader(t, CountingConnection)
  const since = place('a', 1)
  append('a', 2)
  await begin()
  CountingConnection.isBroken = true
  append('a', 2, { since })
  append('a', 3)
  await arrived()
  t.strictSame(events, ['a2', 'a3'])
})

t.test('of a log without an end, a part is read', async (t) => {
  const { keeper, events, append, begin, arrived } = await startLeftReader(t, CountingConnection)
  for (let number = 1; number <= 10_001; number++) append('b', number)
  append('a', 1)
  await begin()
  append('a', 1, { since: `${keeper.epoch}.0.0` })
  for (let turn = 0; turn < 20; turn++) await arrived()
  t.strictSame(events, ['a1'])
  t.equal(CountingConnection.reads, 100)
})

t.test('of a log that has dropped everything meanwhile, nothing more is read', async (t) => {
  class LateConnection extends CountingConnection {
    override async read(...args: Parameters<KeeperConnection['read']>) {
      await Promise.resolve()
      return super.read(...args)
    }
  }
  const { keeper, events, append, place, begin, arrived } = await startLeftReader(t, LateConnection)
  const since = place('a', 1)
  append('a', 2)
  await begin()
  keeper.logOf(0).trim(append('a', 2, { since }))
  await arrived()
  t.strictSame(events, ['a2'])
  t.equal(CountingConnection.reads, 1)
})
