import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createClient } from 'redis'
import namespaces from '../../plugin/index.js'

/*
 * A node of a churn: tells who is in `/lobby`, and lists them when it is asked.
 */

const app = Fastify()
await app.register(namespaces, {
  adapter: {
    type: 'redis',
    client: createClient({ socket: { path: String(process.env.REDIS), tls: false } }).on('error', () => {}),
  },
  io: { pingInterval: 5_000, pingTimeout: 10_000 },
  namespaces: {
    '/lobby': { presence: { key: ({ request }) => Object(request.body).user, graceMs: Number(process.env.GRACE_MS) } },
  },
})
process.on('message', async () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ entries: await app.namespaceOf('/lobby').presence(), cpu: user + system })
})
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: (app.server.address() as AddressInfo).port })
