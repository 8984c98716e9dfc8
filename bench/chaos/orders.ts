import { dirname } from 'node:path'
import type { IdempotencyStore, NamespacesOptions } from '../../plugin/index.js'
import type { NodeSettings } from './node.js'
import { urlOf } from './postgres.js'
import { connectRedis, createRedis } from './redis-client.js'

/*
 * The namespace in which clients place orders. Each order is written where it can be counted after the run: into a list of Redis or a
 * table of PostgreSQL, whose last number is the reply.
 */

/** With `transaction`, the order and its ack are written in one transaction. */
export type OrderMode = 'kept' | 'transaction'

/** What a client orders. */
export interface Order {
  readonly client: number
  readonly number: number
}

export const ORDERS = 'orders'

const ORDER = {
  type: 'object',
  properties: { client: { type: 'integer' }, number: { type: 'integer' } },
  required: ['client', 'number'],
}

// Not literals, because they have no types before `npm run build`.
const stores: string = 'fastify-namespaces/stores'

type Write = (order: Order, sql: Querying) => Promise<number>
interface Querying {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

interface Place {
  readonly store: IdempotencyStore
  readonly write: Write
}

const INSERT = `INSERT INTO ${ORDERS} (client, number) VALUES ($1, $2) RETURNING n`

async function openPlace({ contender, broker, orders }: NodeSettings): Promise<Place> {
  const { createPostgresStore, createRedisStore } = (await import(stores)) as typeof import('../../plugin/stores.js')
  if (contender === 'redis') {
    const redis = await connectRedis(broker)
    return {
      store: createRedisStore({ client: createRedis(broker) }),
      write: ({ client, number }) => redis.rPush(ORDERS, `${client} ${number}`),
    }
  }
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: urlOf(dirname(broker)), max: 10 })
  // A connection that is lost while nobody uses it: the pool opens another one.
  pool.on('error', () => {})
  await pool.query(`CREATE TABLE IF NOT EXISTS ${ORDERS} (n bigserial, client int, number int)`)
  return {
    store: createPostgresStore({ pool }),
    async write({ client, number }, sql) {
      const { rows } = await (orders === 'transaction' ? sql : pool).query(INSERT, [client, number])
      return Number((rows[0] as { n: string }).n)
    },
  }
}

/** The namespaces in which orders are placed: none without the setting. */
export async function orderNamespaces(settings: NodeSettings): Promise<NonNullable<NamespacesOptions['namespaces']>> {
  if (settings.orders === undefined) return {}
  const { store, write } = await openPlace(settings)
  const idempotency = {
    key: ({ client, number }: Order) => `${client} ${number}`,
    store,
    // As long as a run: all acks can be compared with what was written.
    ttlMs: 3_600_000,
    leaseMs: 3_000,
    transaction: settings.orders === 'transaction',
  }
  return {
    '/orders': {
      events: {
        'order:place': {
          payload: ORDER,
          idempotency,
          handler: (order: unknown, context: object) => write(order as Order, (context as { sql: Querying }).sql),
        },
      },
    } as never,
  }
}
