import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { BrokerSettings } from '../../../../plugin/adapters/broker.js'
import { createPool } from '../../../../plugin/adapters/postgres/postgres-pool.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { withholdTimers } from '../../withheld-timers.js'
import { connectClient, createBroker, openBroker, startProxy } from './postgres-harness.js'

/*
 * What the broker says at boot if PostgreSQL is not there or will not do.
 */

t.setTimeout(120_000)

/** PostgreSQL waits for a statement. */
const READY = Buffer.from('Z\0\0\0\x05I')

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)

/** The message with which `open()` rejects. */
async function refusal(t: Test, from: string | pg.Pool, settings: Partial<BrokerSettings> = {}): Promise<string> {
  const { broker, told } = await createBroker(t, from, settings)
  const message = await broker.open(told.receiver).then(
    () => 'it was opened',
    (error: Error & { code?: string }) => {
      t.equal(error.code, 'FST_NSP_BROKER_UNREACHABLE')
      return error.message
    },
  )
  await broker.close()
  const [, problem = message] =
    /^The broker of adapter\.type postgres can not be used \((.*)\): (?:start it|correct what it refuses)[,:] /.exec(
      message,
    ) ?? []
  return problem
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

t.test('a server that is not there, does not answer, or refuses the role, is named without the password', async (t) => {
  const port = await unusedPort()
  t.match(await refusal(t, `postgres://ada:secret@localhost:${port}/x`), /^connect ECONNREFUSED/)
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port: silentPort } = silent.address() as AddressInfo
  withholdTimers(t, 100)
  const message = await refusal(t, `postgres://ada:secret@127.0.0.1:${silentPort}/x`, { connectTimeoutMs: 100 })
  t.match(message, /timeout|no connection within 100 ms/)
  t.match(await refusal(t, postgres.url('nobody', 'secret')), /^password authentication failed for user "nobody"$/)
  t.notMatch(message, /secret/)
})

t.test('without pg, the error has the command that installs it', async (t) => {
  const cause = new Error('Cannot find package')
  await t.rejects(
    createPool('postgres://x', 1_000, () => Promise.reject(cause)),
    { code: 'FST_NSP_BROKER_MISSING', message: /npm install pg$/, cause },
  )
})

t.test('of several addresses, the error of the first is named', async (t) => {
  const error = new AggregateError([new Error('connect ECONNREFUSED ::1:5432')])
  const pool = { connect: (taken: (error: Error) => void) => taken(error), on: () => {}, off: () => {} }
  t.equal(await refusal(t, pool as never), 'connect ECONNREFUSED ::1:5432')
})

t.test('a broker that was never opened can be closed', async (t) => {
  const { broker, told } = await createBroker(t, postgres.url())
  await broker.close()
  t.strictSame([...told.warnings, ...told.losses], [])
})

t.test('a pool whose connections are all in use is waited for in vain', async (t) => {
  const pool = new pg.Pool({ connectionString: postgres.url(), max: 1 })
  t.teardown(() => pool.end())
  const client = await pool.connect()
  t.equal(await refusal(t, pool, { connectTimeoutMs: 50 }), 'no connection within 50 ms')
  client.release()
  await until(() => pool.totalCount === 0)
})

t.test('a server that ends a connection in the breath in which it lets it in is tried again', async (t) => {
  const fields = ['SFATAL', 'C57P01', 'Mterminating connection due to unexpected postmaster exit', '', ''].join('\0')
  const farewell = Buffer.from(`E0000${fields}`)
  farewell.writeInt32BE(farewell.length - 1, 1)
  let farewells = 0
  const proxy = await startProxy(t, postgres, (chunk) => {
    if (farewells > 0 || !chunk.subarray(-6).equals(READY)) return chunk
    farewells++
    return Buffer.concat([chunk, farewell])
  })
  const { broker, told } = await openBroker(t, proxy.url, { waitForBroker: true })
  t.equal(farewells, 1)
  t.equal(broker.isConnected, true)
  t.match(told.warnings, [/^PostgreSQL can not be reached: /])
})

t.test('a pool that gives a connection after the broker was closed gets it back', async (t) => {
  const pool = new pg.Pool({ connectionString: postgres.url(), max: 1 })
  t.teardown(() => pool.end())
  const client = await pool.connect()
  const { broker, told } = await createBroker(t, pool, { waitForBroker: true })
  const opened = broker.open(told.receiver)
  await broker.close()
  client.release()
  await t.rejects(opened, { message: /closed/ })
  await until(() => pool.totalCount === 0)
})

t.test('many nodes may start at once with an empty database', async (t) => {
  const nodes = await Promise.all(Array.from({ length: 8 }, () => openBroker(t, postgres.url(), { prefix: 'many' })))
  t.equal(new Set(await Promise.all(nodes.map(({ broker }) => broker.epoch()))).size, 1)
})

t.test('a role without the right to create tables is told so, and needs none once they are there', async (t) => {
  const client = await connectClient(t, postgres)
  await client.query("CREATE ROLE guest LOGIN PASSWORD 'pass'; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
  const url = postgres.url('guest', 'pass')
  t.match(
    await refusal(t, url, { prefix: 'guest' }),
    /^the role may not create the tables "guest_heads", .*: GRANT CREATE ON SCHEMA to it, or create them: docs\/nodes\.md/,
  )
  t.match(
    await refusal(t, url, { prefix: 'guest', waitForBroker: true }),
    /^the role may not create/,
    'waiting mends nothing',
  )
  await openBroker(t, postgres.url(), { prefix: 'guest' })
  await client.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest')
  const { broker, told, node } = await openBroker(t, url, { prefix: 'guest' })
  await broker.follow(0)
  await broker.append(0, { node, number: 1, body: 'x' })
  await broker.putSession('a', 'b', 1_000, '')
  broker.send(undefined, 'y'.repeat(9_000))
  await until(() => told.entries.length === 1 && told.messages.length === 1)
})

t.test('other errors while the tables are made are reported as they are', async (t) => {
  const client = await connectClient(t, postgres)
  await client.query('CREATE DOMAIN taken_sessions AS integer')
  t.equal(await refusal(t, postgres.url(), { prefix: 'taken' }), 'type "taken_sessions" already exists')
})

t.test('a database in another encoding is refused', async (t) => {
  const client = await connectClient(t, postgres)
  await client.query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
  const url = postgres.url().replace(/postgres$/, 'latin')
  t.match(await refusal(t, url), /^the encoding of the database is not UTF8/)
})

t.test('a server that is too old, or a standby, is refused', async (t) => {
  const { prepareDatabase, namesOf } = await import('../../../../plugin/adapters/postgres/postgres-tables.js')
  const answer = (row: object) => async () => [{ ...row }]
  await t.rejects(prepareDatabase(answer({ isOld: true }), namesOf('x')), { message: 'PostgreSQL is older than 12' })
  await t.rejects(prepareDatabase(answer({ isStandby: true }), namesOf('x')), { message: /standby/ })
})

t.test('with waitForBroker, what waiting does not mend is refused', async (t) => {
  for (const [url, said] of [
    [postgres.url('nobody', 'x'), /nobody/],
    [postgres.url().replace(/postgres$/, 'nowhere'), /nowhere/],
  ] as const) {
    t.match(await refusal(t, url, { waitForBroker: true }), said)
  }
})

t.test('with waitForBroker it boots without the server, says why, and is open once it is there', async (t) => {
  const proxy = await startProxy(t, postgres)
  proxy.stall()
  const settings = { prefix: 'waits', waitForBroker: true, connectTimeoutMs: 400 }
  const { broker, told } = await createBroker(t, proxy.url, settings)
  const opened = broker.open(told.receiver)
  await until(() => told.warnings.length === 1)
  const followed = broker.follow(0)
  proxy.pass()
  await opened
  t.equal(broker.isConnected, true)
  t.equal(await followed, '0')
  t.match(told.warnings, [/^PostgreSQL can not be reached: /])

  const other = await createBroker(t, `postgres://127.0.0.1:${await unusedPort()}/x`, settings)
  const waits = other.broker.open(other.told.receiver)
  await until(() => other.told.warnings.length === 1)
  await other.broker.close()
  await waits
  t.equal(other.broker.isConnected, false)
})
