import pg from 'pg'
import t from 'tap'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { withholdTimers } from '../../withheld-timers.js'
import { connectClient, createBroker, openBroker, startProxy } from './postgres-harness.js'

/*
 * What the broker does while PostgreSQL is down, cut off, or silent, and what it says when it is back.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)

t.test('after the server was killed, nothing is lost and the log goes on', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'killed' })
  await broker.follow(0)
  await broker.append(0, { node, number: 1, body: 'before' })
  await until(() => told.entries.length === 1)
  await broker.putSession('a', 'text', 60_000, '')
  await postgres.kill()
  await until(() => told.losses.length === 1)
  t.equal(broker.isConnected, false)
  await t.rejects(broker.append(0, { node, number: 2, body: 'lost' }))
  broker.send(undefined, 'lost')
  broker.unfollow(5)
  const later = broker.follow(1)
  const left = t.rejects(broker.follow(2))
  broker.unfollow(2)
  await left
  await until(() => told.warnings.length > 0)
  await postgres.restart()
  await until(() => told.resumed.length === 1)
  t.strictSame(told.resumed, ['0 continuous'])
  t.equal(await later, '0')
  await broker.append(0, { node, number: 2, body: 'after' })
  await until(() => told.entries.length === 2)
  t.strictSame(told.bodies, ['before', 'after'])
  t.equal(await broker.takeSession('a'), 'text')
  t.strictSame(told.messages, [])
})

t.test('a problem that stays is said once', async (t) => {
  let attempts = 0
  const pool = {
    on: () => {},
    off: () => {},
    connect: (taken: (error: Error) => void) => {
      attempts++
      taken(new Error('nobody is there'))
    },
  }
  const { broker, told } = await createBroker(t, pool as unknown as pg.Pool, { waitForBroker: true })
  const opened = broker.open(told.receiver)
  await until(() => attempts === 4)
  t.strictSame(told.warnings, ['PostgreSQL can not be reached: nobody is there'])
  await broker.close()
  await opened
})

t.test('what was appended while a node was cut off is delivered to it when it is back', async (t) => {
  const proxy = await startProxy(t, postgres)
  const near = await openBroker(t, postgres.url(), { prefix: 'cut' })
  const far = await openBroker(t, proxy.url, { prefix: 'cut' })
  await far.broker.follow(0)
  proxy.cut()
  const bodies = Array.from({ length: 250 }, (_, index) => `${index}`)
  await Promise.all(bodies.map((body, index) => near.broker.append(0, { node: near.node, number: index + 1, body })))
  await until(() => far.told.entries.length === 250)
  t.strictSame(far.told.bodies, bodies)
  t.strictSame(far.told.resumed, ['0 continuous'])
  t.equal(far.told.losses.length, 1)
  t.equal(far.told.connections, 2, 'once at first, and once again')
})

t.test('a connection that stalls is given up, and made again', async (t) => {
  const proxy = await startProxy(t, postgres)
  const { broker, told, node } = await openBroker(t, proxy.url, { prefix: 'stalled', connectTimeoutMs: 200 })
  await broker.follow(0)
  proxy.stall()
  await until(() => told.losses.length === 1)
  t.match(told.losses[0], /timeout/)
  proxy.pass()
  await until(() => told.resumed.length === 1)
  await broker.append(0, { node, number: 1, body: 'x' })
  await until(() => told.entries.length === 1)
})

t.test('an append that fails takes those behind it with it, and the connection', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'refused' })
  await broker.follow(0)
  const client = await connectClient(t, postgres)
  await client.query('ALTER TABLE refused_entries ADD CHECK (number < 2)')
  const results = await Promise.allSettled([1, 2, 3].map((number) => broker.append(0, { node, number, body: '' })))
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  )
  await until(() => told.resumed.length === 1 && told.entries.length === 1)
  t.match(told.losses, [/check constraint/])
  t.strictSame(told.resumed, ['0 continuous'])
})

t.test('a log that was rolled back is told, and goes on after what is still common', async (t) => {
  const proxy = await startProxy(t, postgres)
  const { broker, told, node } = await openBroker(t, proxy.url, { prefix: 'rolled' })
  await broker.follow(0)
  for (const number of [1, 2, 3]) await broker.append(0, { node, number, body: `${number}` })
  await until(() => told.entries.length === 3)
  const client = await connectClient(t, postgres)
  // As a standby that had received less, and to which others have appended since.
  proxy.stall()
  await client.query('DELETE FROM rolled_entries WHERE position > 1; UPDATE rolled_heads SET position = 1')
  const other = await openBroker(t, postgres.url(), { prefix: 'rolled' })
  for (const number of [1, 2, 3]) await other.broker.append(0, { node: other.node, number, body: `other ${number}` })
  proxy.pass()
  proxy.cut()
  await until(() => told.entries.length === 6)
  t.strictSame(told.resumed, ['0 rolled back'])
  t.strictSame(told.bodies, ['1', '2', '3', 'other 1', 'other 2', 'other 3'])
})

t.test('a log that was lost is told, and begins anew with new tables', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'emptied' })
  await broker.follow(0)
  await broker.append(0, { node, number: 1, body: 'old' })
  await until(() => told.entries.length === 1)
  const client = await connectClient(t, postgres)
  await client.query('DROP TABLE emptied_heads, emptied_entries')
  await t.rejects(broker.append(0, { node, number: 2, body: 'refused' }), { code: '42P01' })
  await until(() => told.resumed.length === 1)
  t.strictSame(told.resumed, ['0 rolled back'])
  await broker.append(0, { node, number: 2, body: 'new' })
  await until(() => told.entries.length === 2)
  t.match(told.entries.at(-1), { position: '1', body: 'new' })
})

t.test('a log that loses its data while it is followed is told, and what comes afterwards is delivered', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'truncated' })
  const client = await connectClient(t, postgres)
  // An append that shows the loss rejects: it is appended again with what was lost.
  const append = (number: number, body = `${number}`) => broker.append(0, { node, number, body }).catch(() => {})
  await append(1)
  // Its end is known, and not its entries.
  await client.query('TRUNCATE truncated_entries; UPDATE truncated_heads SET position = 3')
  await broker.follow(0)
  await client.query('TRUNCATE truncated_heads, truncated_entries')
  await append(2)
  await until(() => told.entries.length === 1 && broker.isConnected)
  // Too long for a notification.
  await append(3, 'x'.repeat(9_000))
  await until(() => told.entries.length === 2)
  t.strictSame(told.resumed, ['0 rolled back'])
  await client.query('TRUNCATE truncated_heads, truncated_entries')
  await append(4, 'y'.repeat(9_000))
  await until(() => told.entries.length === 3)
  t.strictSame(told.resumed, ['0 rolled back', '0 rolled back'])
  t.strictSame(
    told.bodies.map((body) => body[0]),
    ['2', 'x', 'y'],
  )
  t.strictSame(told.losses, ['PostgreSQL has lost entries', 'PostgreSQL has lost entries'])
})

t.test('what another node appends shows a follower that the log was lost', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'stale' })
  const other = await openBroker(t, postgres.url(), { prefix: 'stale' })
  const client = await connectClient(t, postgres)
  await broker.follow(0)
  await broker.append(0, { node, number: 1, body: 'before' })
  await until(() => told.entries.length === 1)
  await client.query('TRUNCATE stale_heads, stale_entries')
  await other.broker.append(0, { node: other.node, number: 1, body: 'after' })
  await until(() => told.entries.length === 2)
  t.strictSame(told.bodies, ['before', 'after'])
  t.strictSame(told.losses, ['PostgreSQL has lost entries'])
  t.strictSame(told.resumed, ['0 rolled back'])
})

t.test('entries that were deleted before they were read are told as trimmed', async (t) => {
  const proxy = await startProxy(t, postgres)
  const near = await openBroker(t, postgres.url(), { prefix: 'trim' })
  const far = await openBroker(t, proxy.url, { prefix: 'trim' })
  const append = (number: number) => near.broker.append(0, { node: near.node, number, body: `${number}` })
  await append(1)
  await far.broker.follow(0)
  await postgres.kill()
  proxy.stall()
  await until(() => far.told.losses.length === 1)
  await postgres.restart()
  await until(() => near.broker.isConnected)
  for (const number of [2, 3, 4]) await append(number)
  const client = await connectClient(t, postgres)
  await client.query('DELETE FROM trim_entries WHERE position < 4')
  proxy.pass()
  await until(() => far.told.entries.length === 1)
  t.strictSame(far.told.resumed, ['0 trimmed'])
  // Also while it follows.
  await client.query(
    "BEGIN; UPDATE trim_heads SET position = 6; INSERT INTO trim_entries VALUES (0, 6, 'x', 1, 'late'); NOTIFY trim_log_0, '6 1 x'; COMMIT",
  )
  await until(() => far.told.entries.length === 2)
  t.strictSame(far.told.resumed, ['0 trimmed', '0 trimmed'])
  t.strictSame(far.told.bodies, ['4', 'late'])
})

t.test('a log that can not be read costs the connection, and is followed again', async (t) => {
  const { broker, told, node } = await openBroker(t, postgres.url(), { prefix: 'unread' })
  await broker.follow(0)
  const client = await connectClient(t, postgres)
  await client.query('DROP TABLE unread_heads')
  await client.query("NOTIFY unread_log_0, '5 1 x'")
  await until(() => told.resumed.length === 1)
  await broker.append(0, { node, number: 1, body: '' })
  await until(() => told.entries.length === 1)
})

t.test('it closes while it connects again', async (t) => {
  const proxy = await startProxy(t, postgres)
  const { broker, told } = await openBroker(t, proxy.url, { prefix: 'again' })
  proxy.stall()
  proxy.cut()
  await until(() => proxy.held.size > 0)
  await broker.close()
  t.equal(told.losses.length, 1)
  t.strictSame(told.warnings, [])
})

t.test('a message that can not be fetched costs the connection, and nothing else', async (t) => {
  const one = await openBroker(t, postgres.url(), { prefix: 'unfetched' })
  const client = await connectClient(t, postgres)
  await client.query('DROP TABLE unfetched_messages')
  await client.query("NOTIFY unfetched_all, '1#1'")
  await until(() => one.told.losses.length === 1 && one.broker.isConnected)
  await client.query('DROP TABLE unfetched_messages')
  one.broker.send(undefined, 'x'.repeat(9_000))
  await until(() => one.told.losses.length === 2 && one.broker.isConnected)
  one.broker.send(undefined, 'short')
  await until(() => one.told.messages.length === 1)
})

t.test('it closes in a second while PostgreSQL is down, cut off or silent', async (t) => {
  withholdTimers(t, 1_000)
  const proxy = await startProxy(t, postgres)
  const { broker } = await openBroker(t, proxy.url, { prefix: 'close' })
  await broker.follow(0)
  proxy.stall()
  void broker.append(0, { node: 'a', number: 1, body: '' }).catch(() => {})
  await broker.close()

  const pool = new pg.Pool({ connectionString: postgres.url() })
  t.teardown(() => pool.end())
  pool.on('error', () => {})
  const [down, lent] = [await openBroker(t, postgres.url()), await openBroker(t, pool)]
  await postgres.kill()
  await until(() => !down.broker.isConnected && !lent.broker.isConnected)
  await Promise.all([down.broker.close(), lent.broker.close()])
  await postgres.restart()

  postgres.pause()
  const waiting = await createBroker(t, postgres.url(), { waitForBroker: true })
  const opened = waiting.broker.open(waiting.told.receiver)
  await waiting.broker.close()
  await t.rejects(opened)
  postgres.resume()
})
