import pg from 'pg'
import type { Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace, type NamespacesOptions } from '../../../../plugin/index.js'
import { createPostgresOutbox, type PostgresOutboxOptions } from '../../../../plugin/stores.js'
import { startPostgres } from '../../../cluster/postgres.js'
import { build, logLines } from '../../harness.js'

/*
 * Applications with an outbox over a real PostgreSQL.
 */

const shop = defineNamespace({
  emits: { 'order:new': { payload: Type.Object({ id: Type.Integer() }) }, ping: {} },
})

/** Starts a server, with a pool for the transactions of the test. */
export async function startDatabase(t: Test) {
  const postgres = await startPostgres(t)
  const pool = new pg.Pool({ connectionString: postgres.url(), max: 20 })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  let prefixes = 0

  /** Runs in a transaction. */
  async function transaction(run: (client: pg.PoolClient) => Promise<unknown>, end = 'COMMIT') {
    const client = await pool.connect()
    await client.query('BEGIN')
    try {
      await run(client)
      await client.query(end)
    } finally {
      client.release()
    }
  }

  return { postgres, pool, transaction, newPrefix: () => `test${++prefixes}` }
}

export type Database = Awaited<ReturnType<typeof startDatabase>>

/** Starts an application with an outbox; it is closed with its test. */
export async function startNode(
  t: Test,
  { pool }: Pick<Database, 'pool'>,
  prefix: string,
  options: NamespacesOptions = {},
  outbox: PostgresOutboxOptions = { pool },
) {
  const { lines, logger } = logLines()
  const namespaces = { '/shop': shop, '/orgs/:id': shop }
  const app = await build(
    t,
    { outbox: createPostgresOutbox({ prefix, ...outbox }), namespaces, ...options },
    undefined,
    {
      logger,
    },
  )
  await app.ready()

  /** Joins in this process, and collects the events. */
  async function hear(address = '/shop') {
    const socket = await app.injectSocket(address)
    const heard: unknown[][] = []
    socket.onAny((...args) => heard.push(args))
    return heard
  }

  const said = (text: string) => lines.filter(({ msg }) => msg === text)
  return { app, said, hear, reach: app.namespaceOf('/shop') }
}

/** The ids of heard orders. */
export const idsOf = (heard: readonly unknown[][]) => heard.map(([, payload]) => (payload as { id: number }).id)

/** The numbers from one to another. */
export const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at)
