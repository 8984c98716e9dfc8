import { createAdapter as createRedisAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import Fastify from 'fastify'
import { createClient } from 'redis'
import { serveNode } from '../../plugin/conformance.js'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'

/*
 * A node of the conformance suite: a process with one of the adapters that the suite runs over.
 */

export type TestedAdapter = 'redis' | 'stock streams' | 'stock pub/sub'

const [, , tested, broker] = process.argv as unknown as [string, string, TestedAdapter, string]

function createBrokerClient() {
  const client = createClient({ socket: { path: broker, tls: false } })
  client.on('error', () => {})
  return client
}

const ADAPTERS: Record<TestedAdapter, () => Promise<NamespacesOptions>> = {
  redis: async () => ({ adapter: { type: 'redis', client: createBrokerClient(), requestTimeoutMs: 1_500 } }),
  'stock streams': async () => {
    const client = await createBrokerClient().connect()
    return { io: { adapter: createStreamsAdapter(client, { blockTimeInMs: 50 }) as never } }
  },
  'stock pub/sub': async () => {
    const clients = await Promise.all([createBrokerClient().connect(), createBrokerClient().connect()])
    return { io: { adapter: createRedisAdapter(...clients, { requestsTimeout: 1_500 }) as never } }
  },
}

await serveNode(async (options) => {
  const { io, ...rest } = await ADAPTERS[tested]()
  const app = Fastify()
  await app.register(namespaces, { ...options, ...rest, io: { ...options.io, ...io } })
  return app
})
