import t from 'tap'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { connectClient, eventually, openBroker } from './postgres-harness.js'

/*
 * What the broker does when a table is dropped, or a right revoked, while nodes run.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)

t.test('a table that was dropped is made again, by whoever misses it, and the loss is told', async (t) => {
  const { broker, told } = await openBroker(t, postgres.url(), { prefix: 'dropped' })
  const client = await connectClient(t, postgres)
  const uses: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
    sessions: [
      () => broker.putSession('a', 'text', 60_000, ''),
      () => broker.takeSession('a'),
      () => broker.readSession('a'),
      () => broker.keepSessions(['a'], 60_000),
    ],
    state: [() => broker.epoch()],
    entries: [() => broker.read(0, '1', 10)],
  }
  let losses = 0
  for (const [table, all] of Object.entries(uses)) {
    for (const use of all) {
      await client.query(`DROP TABLE dropped_${table}`)
      await t.rejects(use(), { code: '42P01' })
      losses++
      await until(() => broker.isConnected)
      await use()
    }
  }
  t.equal(told.losses.length, losses)
  t.equal(told.connections, losses + 1)
  t.match(told.losses, [/"dropped_sessions" does not exist/])
  t.strictSame(told.warnings, [])
})

t.test('a table that nobody asks for is missed by whoever deletes what is old', async (t) => {
  const { told } = await openBroker(t, postgres.url(), { prefix: 'unused', windowMs: 50 })
  const client = await connectClient(t, postgres)
  await client.query('DROP TABLE unused_messages')
  await eventually(async () => (await client.query("SELECT to_regclass('unused_messages') AS name")).rows[0].name)
  t.match(told.losses, [/"unused_messages" does not exist/])
})

t.test('a server that has become read-only is given up until it is not', async (t) => {
  const { broker, told } = await openBroker(t, postgres.url(), { prefix: 'standby' })
  const client = await connectClient(t, postgres)
  const set = async (value: string) => {
    await client.query(`ALTER DATABASE postgres SET default_transaction_read_only = ${value}`)
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fastify-namespaces'",
    )
  }
  await set('on')
  await until(() => told.losses.length === 1 && broker.isConnected)
  await t.rejects(broker.putSession('a', 'text', 60_000, ''), { code: '25006' })
  await until(() => told.losses.length === 2)
  await client.query('SET default_transaction_read_only = off')
  await set('off')
  await eventually(() =>
    broker.putSession('a', 'text', 60_000, '').then(
      () => true,
      () => false,
    ),
  )
})

t.test('a right that was revoked is told once, and costs nothing else', async (t) => {
  const client = await connectClient(t, postgres)
  await client.query("CREATE ROLE app LOGIN PASSWORD 'pass'; GRANT CREATE ON SCHEMA public TO app")
  const { broker, told, node } = await openBroker(t, postgres.url('app', 'pass'), { prefix: 'revoked' })
  await broker.follow(0)
  await client.query('REVOKE ALL ON revoked_sessions FROM app')
  for (let round = 0; round < 3; round++) {
    await t.rejects(broker.putSession('a', 'text', 60_000, ''), { code: '42501' })
    await t.rejects(broker.readSession('a'), { code: '42501' })
  }
  t.strictSame(told.warnings, ['PostgreSQL refuses a statement: permission denied for table revoked_sessions'])
  await broker.append(0, { node, number: 1, body: 'here' })
  await until(() => told.entries.length === 1)
  await client.query('GRANT ALL ON revoked_sessions TO app')
  await broker.putSession('a', 'text', 60_000, '')
  t.strictSame(told.losses, [])
})
