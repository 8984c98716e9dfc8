import pg from 'pg'
import t from 'tap'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { connectClient, eventually, openBroker } from './postgres-harness.js'

/*
 * The broker over a real PostgreSQL: logs, messages, sessions, epochs.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)
const url = postgres.url()

t.test('all nodes read the entries of a log in one order, with the positions 1, 2, 3 …', async (t) => {
  const prefix = 'order'
  const [one, two] = [await openBroker(t, url, { prefix }), await openBroker(t, url, { prefix })]
  t.equal(one.broker.kind, 'postgres')
  t.equal(await one.broker.follow(3), '0')
  await two.broker.follow(3)
  const appends = Array.from({ length: 100 }, (_, index) =>
    [one, two].map(({ broker, node }) => broker.append(3, { node, number: index + 1, body: `${node} ${index}` })),
  )
  await Promise.all(appends.flat())
  await until(() => one.told.entries.length === 200 && two.told.entries.length === 200)
  t.strictSame(one.told.entries, two.told.entries)
  t.strictSame(
    one.told.entries.map(({ position }) => Number(position)),
    Array.from({ length: 200 }, (_, index) => index + 1),
  )
  for (const { node } of [one, two]) {
    const numbers = one.told.entries.filter((entry) => entry.node === node).map(({ number }) => number)
    t.strictSame(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
  }
  t.equal(await (await openBroker(t, url, { prefix })).broker.follow(3), '200')
  t.strictSame([...one.told.resumed, ...one.told.losses, ...one.told.warnings], [])
})

t.test('a body that is too long for a notification arrives in its place, and any text arrives as it is', async (t) => {
  const prefix = 'an "odd" prefix; and a long one'.repeat(3)
  const { broker, told, node } = await openBroker(t, url, { prefix })
  await broker.follow(0)
  const bodies = ['a\nb', 'x'.repeat(500_000), '€😀'.repeat(1_500), '', 'y'.repeat(7_990), 'z']
  await Promise.all(bodies.map((body, index) => broker.append(0, { node, number: index + 1, body })))
  await until(() => told.entries.length === bodies.length)
  t.strictSame(told.bodies, bodies)
})

t.test('a log that is not followed any more is silent, also if it was followed in the same tick', async (t) => {
  const { broker, told, node } = await openBroker(t, url, { prefix: 'unfollow' })
  const never = broker.follow(1)
  broker.unfollow(1)
  await t.rejects(never, { message: 'the log is not followed any more' })
  broker.unfollow(1)
  await broker.follow(1)
  await broker.append(1, { node, number: 1, body: 'heard' })
  await until(() => told.entries.length === 1)
  broker.unfollow(1)
  await broker.append(1, { node, number: 2, body: 'not heard' })
  await broker.follow(1)
  await broker.append(1, { node, number: 3, body: 'heard again' })
  await until(() => told.entries.length === 2)
  t.strictSame(told.bodies, ['heard', 'heard again'])
})

t.test('what is long is not delivered if the log is left while it is read', async (t) => {
  const { broker, told, node } = await openBroker(t, url, { prefix: 'left' })
  await broker.follow(1)
  const client = await connectClient(t, postgres)
  await client.query('BEGIN; LOCK TABLE left_entries')
  const other = await connectClient(t, postgres)
  await other.query("NOTIFY left_log_1, '1 1 x'")
  await eventually(async () => {
    const { rows } = await other.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return rows.length > 0
  })
  broker.unfollow(1)
  await client.query('COMMIT')
  await broker.append(1, { node, number: 1, body: '' })
  t.strictSame(told.entries, [])
})

t.test('a part of a log is read from a position, and says whether something is gone', async (t) => {
  const { broker, node } = await openBroker(t, url, { prefix: 'read' })
  t.strictSame(await broker.read(0, '0', 10), { entries: [], head: 0, hasGap: false })
  t.match(await broker.read(0, '1', 10), { entries: [], hasGap: true })
  for (const number of [1, 2, 3]) await broker.append(0, { node, number, body: `${number}` })
  t.match(await broker.read(0, '1', 1), { entries: [{ position: '2', node, number: 2, body: '2' }], hasGap: false })
  t.match(await broker.read(0, '3', 10), { entries: [], hasGap: false })
  t.match(await broker.read(0, '4', 10), { entries: [], hasGap: true })
  t.match(await broker.read(0, '1764491234567-3', 10), { entries: [], hasGap: true })
  const client = await connectClient(t, postgres)
  await client.query('DELETE FROM read_entries WHERE position = 1')
  t.match(await broker.read(0, '0', 10), { entries: [{ position: '2' }, { position: '3' }], hasGap: true })
  await client.query('DELETE FROM read_entries')
  t.match(await broker.read(0, '1', 10), { entries: [], hasGap: true })
})

t.test('a message reaches one node or all, long or short, also if two are equal', async (t) => {
  const [one, two] = [await openBroker(t, url, { prefix: 'talk' }), await openBroker(t, url, { prefix: 'talk' })]
  const long = 'ä'.repeat(10_000)
  for (const body of ['same', 'same', long, 'last']) one.broker.send(two.node, body)
  one.broker.send(undefined, 'all')
  await until(() => two.told.messages.length === 5 && one.told.messages.length === 1)
  t.strictSame(one.told.messages, ['all'])
  t.strictSame(two.told.messages.toSorted(), [long, 'all', 'last', 'same', 'same'].toSorted())
})

t.test('a session is taken by one of those who ask at once; its changes stay in order', async (t) => {
  const [one, two] = [await openBroker(t, url, { prefix: 'take' }), await openBroker(t, url, { prefix: 'take' })]
  const ids = Array.from({ length: 50 }, (_, index) => `session ${index}`)
  await Promise.all(ids.map((id) => one.broker.putSession(id, `of ${id}`, 60_000, '')))
  const read = await Promise.all(['\0', 'unknown', ...ids].map((id) => two.broker.readSession(id)))
  t.strictSame(
    read,
    [undefined, undefined, ...ids.map((id) => `of ${id}`)],
    'those that are read at once have their own',
  )
  const takers = ids.map((id) => [one, two, one].map(({ broker }) => broker.takeSession(id)))
  for (const [index, texts] of (await Promise.all(takers.map((taken) => Promise.all(taken)))).entries()) {
    t.strictSame(
      texts.filter((text) => text !== undefined),
      [`of session ${index}`],
    )
  }
  const { broker } = one
  const changes = [
    broker.putSession('a', '1', 60_000, ''),
    broker.putSession('a', '2', 60_000, ''),
    broker.dropSession('a'),
    broker.putSession('b', '3', 60_000, ''),
    broker.putSession('a', '4', 60_000, ''),
  ]
  await Promise.all(changes)
  t.equal(await broker.putSession('held', 'two: a', 60_000, 'two'), true, 'there is none')
  const puts = ['two: b', 'one: c', 'two: d'].map((text) => broker.putSession('held', text, 60_000, text.slice(0, 3)))
  t.strictSame(await Promise.all(puts), [true, false, true])
  t.equal(await broker.takeSession('held'), 'two: d')
  t.equal(await broker.takeSession('a'), '4')
  t.equal(await broker.takeSession('b'), '3')
  t.equal(await broker.takeSession('\0'), undefined)
})

t.test('a session ends with its time, unless it is kept', async (t) => {
  const { broker } = await openBroker(t, url, { prefix: 'keep' })
  await broker.putSession('short', '1', -1, '')
  await broker.putSession('long', '2', 60_000, '')
  t.strictSame(await broker.keepSessions(['long', 'unknown', 'short'], 60_000), ['unknown', 'short'])
  for (const [id, text] of [
    ['short', undefined],
    ['long', '2'],
  ] as const) {
    t.equal(await broker.readSession(id), text)
    t.equal(await broker.takeSession(id), text)
  }
})

t.test('an epoch is one for all, and renewed once for all who know the old one', async (t) => {
  const [one, two] = [await openBroker(t, url, { prefix: 'epoch' }), await openBroker(t, url, { prefix: 'epoch' })]
  const [epoch, same] = await Promise.all([one.broker.epoch(), two.broker.epoch()])
  t.match(epoch, /^\w{16}$/)
  t.equal(same, epoch)
  const [renewed, also] = await Promise.all([one.broker.renewEpoch(epoch), two.broker.renewEpoch(epoch)])
  t.not(renewed, epoch)
  t.equal(also, renewed)
  const client = await connectClient(t, postgres)
  await client.query("DELETE FROM epoch_state WHERE name = 'epoch'")
  const anew = await one.broker.renewEpoch(renewed)
  t.match(anew, /^\w{16}$/, 'there was none')
  t.not(anew, renewed)
  t.equal(await two.broker.renewEpoch(renewed), anew)
})

t.test('notifications of others are dropped, and said once', async (t) => {
  const { broker, told, node } = await openBroker(t, url, { prefix: 'foreign' })
  await broker.follow(0)
  const client = await connectClient(t, postgres)
  const payloads = ['', 'x', '1 2', '1 2 node', '-1', '99999999999999999999', '{"a":1}', '7\nbody', '#', '1#x', '1#99']
  for (const payload of payloads) {
    for (const channel of ['foreign_log_0', 'foreign_all'])
      await client.query('SELECT pg_notify($1, $2)', [channel, payload])
  }
  // A position that nobody has appended is looked for once.
  await client.query("NOTIFY foreign_log_0, '17 1 x'")
  await broker.append(0, { node, number: 1, body: 'first' })
  await until(() => told.entries.length === 1)
  await broker.append(0, { node, number: 2, body: 'second' })
  await until(() => told.entries.length === 2)
  // Known, and so no reason to doubt.
  await client.query("SELECT pg_notify('foreign_log_0', $1)", [`1 1 ${node}`])
  await broker.append(0, { node, number: 3, body: 'third' })
  await until(() => told.entries.length === 3)
  t.strictSame(told.bodies, ['first', 'second', 'third'])
  t.strictSame([told.losses, told.resumed], [[], []])
  t.equal(told.warnings.length, 1)
  t.match(told.warnings[0], /^a notification of foreign_log_0 can not be read, and is dropped/)
  t.strictSame(told.messages, [])
})

t.test('a pool of the application is used, and left open', async (t) => {
  const pool = new pg.Pool({ connectionString: url })
  t.teardown(() => pool.end())
  const { broker, told, node } = await openBroker(t, pool, { prefix: 'pool' })
  await broker.follow(0)
  await broker.append(0, { node, number: 1, body: 'x' })
  await until(() => told.entries.length === 1)
  await broker.close()
  t.match(await pool.query('SELECT 1 AS one'), { rows: [{ one: 1 }] })
  t.equal(pool.listenerCount('error'), 0)
})

t.test('everything can be asked by one connection, one after another', async (t) => {
  // The other one listens.
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  t.teardown(() => pool.end())
  const { broker, node } = await openBroker(t, pool, { prefix: 'one' })
  t.equal(await broker.append(0, { node, number: 1, body: 'x' }), '1')
  t.match(await broker.read(0, '0', 10), { entries: [{ body: 'x' }] })
  t.ok(await broker.putSession('s', 'text', 60_000, ''))
  t.equal(await broker.readSession('s'), 'text')
  t.strictSame(await broker.keepSessions(['s', 'none'], 60_000), ['none'])
  t.equal(await broker.takeSession('s'), 'text')
  t.match(await broker.read(0, '0', 10), { entries: [{ body: 'x' }] })
  await broker.close()
})
