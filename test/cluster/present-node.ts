import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createClient } from 'redis'
import namespaces, { type AdapterOptions } from '../../plugin/index.js'

/*
 * A node that tells who is in `/lobby`. `BROKER` is the path of a socket of Redis, or the URL of PostgreSQL; without it, the node is a
 * worker.
 */

const { BROKER: path = '', KIND = '' } = process.env

const ADAPTERS: Readonly<Record<string, () => AdapterOptions>> = {
  redis: () => ({
    type: 'redis',
    client: createClient({ socket: { path, tls: false } }).on('error', () => {}),
  }),
  postgres: () => ({ type: 'postgres', url: path }),
  cluster: () => ({ type: 'cluster' }),
}

const app = Fastify()
await app.register(namespaces, {
  adapter: ADAPTERS[KIND]?.() as AdapterOptions,
  namespaces: {
    '/lobby': {
      presence: {
        key: ({ request }) => Object(request.body).user,
        meta: ({ request }) => ({ user: Object(request.body).user }),
        graceMs: 2_000,
      },
      rooms: {
        'table/:id': { presence: { key: ({ request }) => Object(request.body).user, graceMs: 2_000 } },
      },
    },
  },
})
process.on('message', async ({ close, list }: { close?: boolean; list?: boolean }) => {
  if (list) process.send?.({ entries: await app.namespaceOf('/lobby').presence() })
  if (!close) return
  await app.close()
  process.disconnect()
})
await app.listen({ port: 0, host: '127.0.0.1', exclusive: true })
process.send?.({ port: (app.server.address() as AddressInfo).port })
