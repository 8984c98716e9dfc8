import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createClient } from 'redis'
import namespaces from '../../plugin/index.js'

/*
 * A node whose cluster has limits. `BROKER` is the path of a socket of Redis; without it, the node is a worker.
 */

const { BROKER: path, LIMITS = '' } = process.env

const app = Fastify()
await app.register(namespaces, {
  adapter: path
    ? { type: 'redis', client: createClient({ socket: { path, tls: false } }).on('error', () => {}) }
    : { type: 'cluster' },
  limits: { allNodes: JSON.parse(LIMITS) },
  namespaces: { '/lobby': {}, '/orgs/:id': {} },
})
await app.listen({ port: 0, host: '127.0.0.1', exclusive: true })
process.send?.({ port: (app.server.address() as AddressInfo).port })
