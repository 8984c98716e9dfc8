import { PostgresConnection } from '../adapters/postgres/postgres-connection.js'
import { createPool, lendPool, type OpenPool, type PgPool } from '../adapters/postgres/postgres-pool.js'
import { namesOf, prepareTables, quoted } from '../adapters/postgres/postgres-tables.js'
import type { IdempotencyStore } from '../definition/idempotency.js'
import { FST_NSP_STORE_UNREACHABLE } from '../shared/errors/idempotency-errors.js'
import { type ClaimsSettings, createLeasedStore } from './leased-store.js'
import { claimNamesOf, PostgresClaims } from './postgres-claims.js'
import { type PostgresStoreOptions, readPostgresOptions } from './store-options.js'

/*
 * The idempotency store over PostgreSQL: one table, and one channel on which the end of a claim is told.
 */

/** Milliseconds between two deletions of what has expired. */
const CLEANING_MS = 30_000
const PAGE = 'docs/idempotency.md'

/**
 * Creates an idempotency store over PostgreSQL, for several nodes. It connects when the application boots, or with its first use, makes its
 * table if there is none, and is closed with the application.
 *
 * @throws FST_NSP_OPTIONS_INVALID naming the path
 *
 * @example
 * import { createPostgresStore } from 'fastify-namespaces/stores'
 * import pg from 'pg'
 *
 * const store = createPostgresStore({ pool: new pg.Pool() })
 * // in the definition of an event
 * idempotency: { key: (order) => order.key, store }
 */
export function createPostgresStore(options: PostgresStoreOptions): IdempotencyStore {
  const { url, pool, ...shared } = readPostgresOptions(options)
  return createLeasedStore({
    ...shared,
    async openClaims(settings) {
      if (pool) return await openClaims(lendPool(pool as PgPool), settings, '`pool`')
      return await openClaims(await createPool(String(url), settings.connectTimeoutMs), settings, '`url`')
    },
    begin: (ask, id, token, options) =>
      ask((claims) => claims.begin(id, token, options, () => ask((later) => later.isKept(id, token)))),
  })
}

/** @param option - of createPostgresStore(), for the message of an error */
async function openClaims(pool: OpenPool, settings: ClaimsSettings, option: string): Promise<PostgresClaims> {
  const { prefix, connectTimeoutMs, wake, warn } = settings
  const names = namesOf(prefix)
  const claimNames = claimNamesOf(names)
  const { channel, definitions } = claimNames
  const connection: PostgresConnection = new PostgresConnection(pool, {
    connectTimeoutMs,
    waitForBroker: false,
    warn,
    async prepare() {
      const run = connection.listen.bind(connection)
      await prepareTables(run, names.lock, definitions, PAGE)
      await run(`LISTEN ${quoted(channel)}`)
    },
    // What was told meanwhile was missed.
    resume: async () => wake(),
    notified: (_channel, id) => wake(id),
    lost: (error) => warn('the idempotency store has lost PostgreSQL', error),
  })
  await connection.open().catch(async (error: Error) => {
    await connection.close()
    throw new FST_NSP_STORE_UNREACHABLE('PostgreSQL', error.message, `${option} of createPostgresStore()`)
  })
  const claims = new PostgresClaims(connection, claimNames)
  claims.startCleaning(CLEANING_MS)
  return claims
}
