import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { PostgresConnection } from '../../../plugin/adapters/postgres/postgres-connection.js'
import { lendPool } from '../../../plugin/adapters/postgres/postgres-pool.js'
import { namesOf } from '../../../plugin/adapters/postgres/postgres-tables.js'
import type { IdempotencyStore } from '../../../plugin/definition/idempotency.js'
import { claimNamesOf, PostgresClaims } from '../../../plugin/stores/postgres-claims.js'
import { createPostgresStore, createRedisStore } from '../../../plugin/stores.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { hasRedis } from '../../cluster/redis.js'
import { startProxy as startPostgresProxy } from '../adapters/postgres/postgres-harness.js'
import { CLIENTS } from '../adapters/redis/broker-harness.js'
import { startProxy, startTestRedis } from '../adapters/redis/redis-server.js'
import { build, logLines, until } from '../harness.js'

/*
 * What becomes of claims when the connection to the server is lost, or the server its data; and of what has expired.
 */

t.setTimeout(120_000)

const LONG = { leaseMs: 600_000, ttlMs: 600_000, fingerprint: 'one payload' }
const LOST = { code: 'FST_NSP_CLAIM_LOST' }
const tokenOf = (claim: unknown) => (claim as { token: string }).token

/** Starts an application that uses a store. Returns the lines of its log. */
async function startApplication(t: Test, store: IdempotencyStore) {
  const { lines, logger } = logLines()
  const events = { e: { handler: () => 1, idempotency: { key: () => 'k', store } } }
  const app = await build(t, { namespaces: { '/chat': { events } } }, undefined, { logger })
  await app.ready()
  return lines
}

t.test('Redis', { skip: !(await hasRedis()) && 'not installed' }, async (t) => {
  const redis = await startTestRedis(t)
  const proxy = await startProxy(t, redis.path)
  const near = createRedisStore({ client: CLIENTS.redis({ path: redis.path }) })
  t.teardown(() => near.close?.())
  const url = `redis://127.0.0.1:${proxy.port}`

  await t.test('whoever waits looks again when the connection is back, and what was begun goes on', async (t) => {
    const far = createRedisStore({ url })
    const lines = await startApplication(t, far)
    const [token, own] = [tokenOf(await near.claim('a', LONG)), tokenOf(await far.claim('b', LONG))]
    const waiting = far.claim('a', LONG)
    // An answer on the same connection: the caller before is known to Redis.
    await far.renew(own)
    proxy.block()
    await near.settle(token, '"ack"')
    const settled = far.settle(own, '"other"')
    await until(() => lines.some(({ msg }) => msg === 'the idempotency store has lost Redis'))
    proxy.unblock()
    t.strictSame(await waiting, { ack: '"ack"' })
    await settled
    t.strictSame(await near.claim('b', LONG), { ack: '"other"' })
  })

  await t.test('a server that stays away is an error after connectTimeoutMs, and later it is used again', async (t) => {
    const far = createRedisStore({ url, connectTimeoutMs: 300 })
    t.teardown(() => far.close?.())
    const token = tokenOf(await far.claim('c', LONG))
    proxy.block()
    await t.rejects(far.settle(token, '"ack"'))
    const abort = new AbortController()
    const aborted = far.claim('d', { ...LONG, signal: abort.signal })
    abort.abort(new Error('gone'))
    await t.rejects(aborted, { message: 'gone' })
    const asked = far.claim('e', LONG)
    const closed = asked.then(
      () => 'claimed',
      (error: Error) => error.message,
    )
    await far.close?.()
    t.equal(await closed, 'The store is closed')
    proxy.unblock()
    await far.open?.(undefined as never)
    await far.settle(token, '"ack"')
    t.strictSame(await near.claim('c', LONG), { ack: '"ack"' })
  })

  await t.test('a store that is closed while it connects is closed', async (t) => {
    proxy.block()
    const far = createRedisStore({ url, connectTimeoutMs: 300 })
    const opened = far.open?.(undefined as never) as Promise<void>
    opened.catch(() => {})
    await far.close?.()
    await t.rejects(opened, { code: 'FST_NSP_STORE_UNREACHABLE' })
    proxy.unblock()
  })

  await t.test('a Redis that has lost its data has lost the claims', async (t) => {
    const token = tokenOf(await near.claim('f', LONG))
    await redis.ask('FLUSHALL')
    await t.rejects(near.settle(token, '"ack"'), LOST)
    await t.rejects(near.renew(token), LOST)
    await near.release(token)
    t.match(await near.claim('f', LONG), { token: String })
  })
})

t.test('PostgreSQL', { skip: !(await hasPostgres()) && 'not installed' }, async (t) => {
  const postgres = await startPostgres(t)
  const proxy = await startPostgresProxy(t, postgres)
  const near = createPostgresStore({ url: postgres.url() })
  t.teardown(() => near.close?.())

  await t.test('whoever waits looks again when the connection is back, and what was begun goes on', async (t) => {
    const far = createPostgresStore({ url: proxy.url })
    const lines = await startApplication(t, far)
    const [token, own] = [tokenOf(await near.claim('a', LONG)), tokenOf(await far.claim('b', LONG))]
    const waiting = far.claim('a', LONG)
    proxy.cut()
    await near.settle(token, '"ack"')
    await far.settle(own, '"other"')
    t.strictSame(await waiting, { ack: '"ack"' })
    t.strictSame(await near.claim('b', LONG), { ack: '"other"' })
    await until(() => lines.some(({ msg }) => msg === 'the idempotency store has lost PostgreSQL'))
  })

  await t.test('a server that restarts has kept everything', async (t) => {
    const token = tokenOf(await near.claim('restart', LONG))
    const waiting = near.claim('restart', LONG)
    await postgres.kill()
    const settled = near.settle(token, '"ack"')
    await postgres.restart()
    await settled
    t.strictSame(await waiting, { ack: '"ack"' })
  })

  await t.test('what has expired is deleted, in bites', async (t) => {
    const pool = new pg.Pool({ connectionString: postgres.url() })
    t.teardown(() => pool.end())
    const names = claimNamesOf(namesOf('fastify-namespaces'))
    const count = async () => Number((await pool.query(`SELECT count(*) FROM ${names.table}`)).rows[0].count)
    const before = await count()
    await pool.query(`INSERT INTO ${names.table} (id, token, fingerprint, lease_ms, ttl_ms, expires)
      SELECT 'old' || n, '', '', 1, 1, now() FROM generate_series(1, 2500) AS n`)
    const ignore = async () => {}
    const connection = new PostgresConnection(lendPool(pool as never), {
      connectTimeoutMs: 5_000,
      waitForBroker: false,
      warn: ignore,
      prepare: ignore,
      resume: ignore,
      notified: ignore,
      lost: ignore,
    })
    await connection.open()
    const claims = new PostgresClaims(connection, names)
    claims.startCleaning(10)
    while ((await count()) > before) await wait(10)
    t.equal(await count(), before)
    await claims.close()
  })

  await t.test('a table that was dropped is made again, and the loss is told', async (t) => {
    const far = createPostgresStore({ url: postgres.url() })
    const lines = await startApplication(t, far)
    const admin = new pg.Client(postgres.url())
    await admin.connect()
    t.teardown(() => admin.end())
    await admin.query('DROP TABLE "fastify-namespaces_claims"')
    const token = tokenOf(await far.claim('dropped', LONG))
    const losses = () => lines.filter(({ msg }) => msg === 'the idempotency store has lost PostgreSQL').length
    await until(() => losses() === 1)
    // Also if nothing is asked for but a renewal.
    await admin.query('DROP TABLE "fastify-namespaces_claims"')
    await t.rejects(far.renew(token), { code: 'FST_NSP_CLAIM_LOST' })
    await until(() => losses() === 2)
  })

  await t.test('a role that may not create tables is told so', async (t) => {
    const admin = new pg.Client(postgres.url())
    await admin.connect()
    t.teardown(() => admin.end())
    await admin.query("CREATE ROLE reader LOGIN PASSWORD 'secret'")
    await admin.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    const store = createPostgresStore({ url: postgres.url('reader', 'secret'), prefix: 'other' })
    const opened = store.open?.(undefined as never) as Promise<void>
    await t.rejects(opened, {
      code: 'FST_NSP_STORE_UNREACHABLE',
      message: /may not create the tables "other_claims", .*docs\/idempotency\.md has the statements/,
    })
    await store.close?.()
  })
})

t.test('a row that changes while it is read is read again, and a cleaning that fails is forgotten', async (t) => {
  const names = claimNamesOf(namesOf('x'))
  const close = async () => {}
  const take = () => Promise.reject(new Error('none'))
  const none = { answerMs: 5_000, listen: async () => [], take, drop: () => {}, close }
  const claims = new PostgresClaims({ ...none, queryPrepared: async () => [] }, names)
  t.strictSame(await claims.claim('id', 'token', LONG), { waitMs: 0 })
  let asked = 0
  const failing = new PostgresClaims(
    { ...none, queryPrepared: async () => Promise.reject(new Error(`down ${++asked}`)) },
    names,
  )
  failing.startCleaning(5)
  while (asked < 2) await wait(5)
  await failing.close()
})
