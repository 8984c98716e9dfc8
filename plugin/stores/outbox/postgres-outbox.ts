import type { FastifyBaseLogger } from 'fastify'
import { PostgresConnection } from '../../adapters/postgres/postgres-connection.js'
import { createPool, lendPool, type PgPool } from '../../adapters/postgres/postgres-pool.js'
import { namesOf, prepareTables, quoted } from '../../adapters/postgres/postgres-tables.js'
import { checkPlace, KEPT, POSTGRES_PLACE } from '../../definition/adapters/adapter-options.js'
import { closedGroup } from '../../definition/normalize/option-rules.js'
import type { EmitOutbox, OutboxDelivery } from '../../definition/outbox/emit-outbox.js'
import { FST_NSP_OUTBOX_UNREACHABLE } from '../../shared/errors/outbox-errors.js'
import { OutboxReader } from './outbox-reader.js'
import { outboxNamesOf } from './outbox-tables.js'

/*
 * The outbox over PostgreSQL: a table that transactions write to, and one node at a time that reads it.
 */

/** PostgreSQL 12 or later, by `pg`. One of `url` and `pool` is required. */
export interface PostgresOutboxOptions {
  /** E.g. `postgres://user:password@localhost:5432/database`: the database of the transactions. */
  url?: string
  /** A pool of `pg`. The outbox listens on one of its connections, uses another one for a moment at a time, and leaves it open. */
  pool?: object
  /**
   * Begins the names of the tables; the function has `_` for each of its characters `-`, `.` and `:`. The same on every node.
   * @defaultValue `'fastify-namespaces'`
   */
  prefix?: string
  /**
   * Milliseconds that the server may take to answer at boot. Then `ready()` and `listen()` fail with `FST_NSP_OUTBOX_UNREACHABLE`.
   * @defaultValue 5_000
   */
  connectTimeoutMs?: number
}

const OPTIONS = closedGroup({ ...KEPT, ...POSTGRES_PLACE })
const PAGE = 'docs/outbox.md'
const NAME = 'createPostgresOutbox'

/**
 * Creates an outbox over PostgreSQL, for `emitIn()` and for the SQL function `fastify_namespaces_emit()`. It connects when the application boots,
 * makes its tables and functions if there are none, and is closed with the application.
 *
 * @throws FST_NSP_OPTIONS_INVALID naming the path
 *
 * @example
 * import { createPostgresOutbox } from 'fastify-namespaces/stores'
 *
 * await app.register(namespaces, { outbox: createPostgresOutbox({ pool }), namespaces: { '/shop': shop } })
 */
export function createPostgresOutbox(options: PostgresOutboxOptions): EmitOutbox {
  const { url, pool, prefix, connectTimeoutMs } = OPTIONS.read(options, NAME) as PostgresOutboxOptions &
    Required<Pick<PostgresOutboxOptions, 'prefix' | 'connectTimeoutMs'>>
  checkPlace({ url, pool }, NAME, 'pool')
  const names = namesOf(prefix)
  const { emit, channel, definitions, statements } = outboxNamesOf(prefix, names)
  const text = `SELECT ${emit}($1, $2, $3::jsonb, $4::text[], $5::text[], $6)`

  return {
    statementOf: ({ address, event, payload, rooms, except, isChecked }) => ({
      text,
      values: [address, event, payload ?? null, rooms, except, isChecked],
    }),

    async open(delivery: OutboxDelivery, log: FastifyBaseLogger) {
      const open = pool ? lendPool(pool as PgPool) : await createPool(String(url), connectTimeoutMs)
      const warn = (message: string, err?: unknown) => log.warn({ err }, message)
      const connection: PostgresConnection = new PostgresConnection(open, {
        connectTimeoutMs,
        waitForBroker: false,
        warn,
        async prepare() {
          const run = connection.listen.bind(connection)
          await prepareTables(run, names.lock, definitions, PAGE)
          // A service that hides its log has failovers that lose nothing.
          const [row] = await run(statements.timeline).catch(() => [])
          reader.timeline = String(row?.timeline)
          await run(`LISTEN ${quoted(channel)}`)
        },
        resume: async () => reader.begin(),
        notified: () => reader.wake(),
        lost: (error) => warn('the outbox has lost PostgreSQL', error),
      })
      const reader = new OutboxReader({ connection, statements, delivery, log, now: () => performance.now() })
      const end = async () => {
        await reader.close()
        await connection.close()
      }
      await connection.open().catch(async (error: Error) => {
        await end()
        throw new FST_NSP_OUTBOX_UNREACHABLE(error.message, `${pool ? 'pool' : 'url'} of ${NAME}()`)
      })
      return end
    },
  }
}
