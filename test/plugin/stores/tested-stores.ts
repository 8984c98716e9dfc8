import pg from 'pg'
import { createClient } from 'redis'
import type { Test } from 'tap'
import { createMemoryStore, type IdempotencyStore } from '../../../plugin/index.js'
import { createPostgresStore, createRedisStore, type RedisStoreOptions } from '../../../plugin/stores.js'
import { startPostgres } from '../../cluster/postgres.js'
import { CLIENTS } from '../adapters/redis/broker-harness.js'
import { startTestRedis } from '../adapters/redis/redis-server.js'

/*
 * Idempotency stores over real servers, and what is done to their servers.
 */

export interface TestedStore {
  /** The store of another node. It is closed with the test. */
  create(options?: Pick<RedisStoreOptions, 'maxAckBytes' | 'connectTimeoutMs'>): IdempotencyStore
  /** Ends the leases of all claims now: those who wait look again, as at the end of a lease. */
  endLeases(): Promise<void>
  /** Ends all leases and drops all acks. */
  endAll(): Promise<void>
  /** Whether a claim whose lease has ended is still there, until another caller takes it. */
  readonly keepsExpired: boolean
  /** Has another caller look for a key and go: the memory store has no server that could tell of the end of a lease. */
  look?(key: string, fingerprint: string): Promise<void>
}

const PREFIX = 'test'

export const KINDS = {
  redis: (t: Test) => startRedisStores(t, 'redis'),
  ioredis: (t: Test) => startRedisStores(t, 'ioredis'),
  postgres: startPostgresStores,
}

async function startRedisStores(t: Test, family: keyof typeof CLIENTS): Promise<TestedStore> {
  const { path } = await startTestRedis(t)
  const admin = await createClient({ socket: { path, tls: false } }).connect()
  t.teardown(() => admin.destroy())

  /** Removes claims, and tells it as if their leases had ended by themselves. */
  async function end(isEnding: (key: string) => Promise<boolean>): Promise<void> {
    for (const key of await admin.keys(`{${PREFIX}}:claim:*`)) {
      if (!(await isEnding(key))) continue
      await admin.del(key)
      await admin.publish(`{${PREFIX}}:claims`, key.slice(`{${PREFIX}}:claim:`.length))
    }
  }

  return {
    keepsExpired: false,
    create(options = {}) {
      const store = createRedisStore({ client: CLIENTS[family]({ path }), prefix: PREFIX, ...options })
      t.teardown(() => store.close?.())
      return store
    },
    endLeases: () => end(async (key) => !(await admin.hExists(key, 'a'))),
    endAll: () => end(async () => true),
  }
}

async function startPostgresStores(t: Test): Promise<TestedStore & { readonly pool: pg.Pool }> {
  const postgres = await startPostgres(t)
  const pool = new pg.Pool({ connectionString: postgres.url(), max: 20 })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  const end = (where: string) =>
    pool.query(`WITH ended AS (UPDATE test_claims SET expires = now() - interval '1 s' WHERE ${where} RETURNING id)
      SELECT pg_notify('test_claims', id) FROM ended`)
  return {
    pool,
    keepsExpired: true,
    create(options = {}) {
      const store = createPostgresStore({ pool, prefix: PREFIX, ...options })
      t.teardown(() => store.close?.())
      return store
    },
    endLeases: async () => void (await end('ack IS NULL')),
    endAll: async () => void (await end('true')),
  }
}

/** A store in memory, whose clock is moved. */
export function startMemoryStore(leaseMs: number, ttlMs: number): TestedStore {
  let now = 0
  const store = createMemoryStore({ now: () => now })
  return {
    keepsExpired: true,
    create: () => store,
    endLeases: async () => {
      now += leaseMs
    },
    endAll: async () => {
      now += ttlMs
    },
    async look(key, fingerprint) {
      const abort = new AbortController()
      const claim = store.claim(key, { leaseMs, ttlMs, fingerprint, signal: abort.signal })
      abort.abort()
      await claim.catch(() => {})
    },
  }
}

/** Stores that settle in a transaction which writes the ack elsewhere, too, and that write and roll back before they release. */
export async function inTransactions(t: Test) {
  const { pool, ...tested } = await startPostgresStores(t)
  await pool.query('CREATE TABLE written (ack text)')
  const acks: string[] = []
  const create = (options?: object): IdempotencyStore => {
    const store = tested.create(options) as Required<IdempotencyStore>
    const write = async (token: string, ack: string) => {
      const transaction = await store.begin(token, { leaseMs: 60_000, statementMs: 0 })
      await transaction.sql.query('INSERT INTO written (ack) VALUES ($1)', [ack])
      return transaction
    }
    return {
      ...store,
      async settle(token, ack) {
        await (await write(token, ack)).commit(ack)
        acks.push(ack)
      },
      async release(token) {
        await (await write(token, 'released')).rollback()
        await store.release(token)
      },
    }
  }
  const check = async (t: Test) => {
    const { rows } = await pool.query('SELECT ack FROM written')
    t.strictSame(rows.map(({ ack }) => ack).sort(), acks.sort())
  }
  return { tested: { ...tested, create }, check }
}
