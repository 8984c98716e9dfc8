import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createClient } from 'redis'
import namespaces, { type AdapterOptions } from '../../plugin/index.js'

/*
 * A node of a churn: tells who is in `/lobby`, and lists them when it is asked.
 */

const { BROKER: path = '', KIND, GRACE_MS } = process.env
const openRedis = () => createClient({ socket: { path, tls: false } }).on('error', () => {})
const adapter: AdapterOptions =
  KIND === 'postgres' ? { type: 'postgres', url: path } : { type: 'redis', client: openRedis() }

const app = Fastify()
await app.register(namespaces, {
  adapter,
  io: { pingInterval: 5_000, pingTimeout: 10_000 },
  namespaces: {
    '/lobby': { presence: { key: ({ request }) => Object(request.body).user, graceMs: Number(GRACE_MS) } },
  },
})
process.on('message', async () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ entries: await app.namespaceOf('/lobby').presence(), cpu: user + system })
})
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: (app.server.address() as AddressInfo).port })
