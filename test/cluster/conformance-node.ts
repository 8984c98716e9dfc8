import Fastify from 'fastify'
import { serveNode } from '../../plugin/conformance.js'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'
import type { TestedAdapter } from './tested-adapters.js'

/*
 * A node of the conformance suite: a process with one of the adapters that the suite runs over. `BROKER` is the path of a socket of
 * Redis, or the URL of a database.
 */

const { TESTED_ADAPTER: tested, BROKER = '' } = process.env as { TESTED_ADAPTER: TestedAdapter; BROKER?: string }

const requestTimeoutMs = 1_500

async function createRedis() {
  const { createClient } = await import('redis')
  const client = createClient({ socket: { path: BROKER, tls: false } })
  client.on('error', () => {})
  return client
}

async function createTwo() {
  const [pub, sub] = [await createRedis(), await createRedis()] as const
  return [await pub.connect(), await sub.connect()] as const
}

const ADAPTERS: Record<TestedAdapter, () => Promise<NamespacesOptions>> = {
  redis: async () => ({ adapter: { type: 'redis', client: await createRedis(), requestTimeoutMs } }),
  postgres: async () => ({ adapter: { type: 'postgres', url: BROKER, requestTimeoutMs } }),
  cluster: async () => ({ adapter: { type: 'cluster', requestTimeoutMs } }),
  'stock streams': async () => {
    const { createAdapter } = await import('@socket.io/redis-streams-adapter')
    const client = await (await createRedis()).connect()
    return { io: { adapter: createAdapter(client, { blockTimeInMs: 50 }) as never } }
  },
  'stock pub/sub': async () => {
    const { createAdapter } = await import('@socket.io/redis-adapter')
    return { io: { adapter: createAdapter(...(await createTwo()), { requestsTimeout: requestTimeoutMs }) as never } }
  },
  'stock sharded': async () => {
    const { createShardedAdapter } = await import('@socket.io/redis-adapter')
    return { io: { adapter: createShardedAdapter(...(await createTwo())) as never } }
  },
  'stock postgres': async () => {
    const { createAdapter } = await import('@socket.io/postgres-adapter')
    const { default: pg } = await import('pg')
    // One listens, the other sends: several would send out of order.
    const pool = new pg.Pool({ connectionString: BROKER, max: 2 })
    pool.on('error', () => {})
    await pool.query(
      'CREATE TABLE IF NOT EXISTS socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT now(), payload bytea)',
    )
    return { io: { adapter: createAdapter(pool, { errorHandler: () => {} }) as never } }
  },
  'stock cluster': async () => {
    const { createAdapter } = await import('@socket.io/cluster-adapter')
    return { io: { adapter: createAdapter() as never } }
  },
}

await serveNode(async (options) => {
  const { io, ...rest } = await ADAPTERS[tested]()
  const app = Fastify()
  await app.register(namespaces, { ...options, ...rest, io: { ...options.io, ...io } })
  return app
})
