import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { createClient } from 'redis'
import namespaces, { type AdapterOptions } from '../../plugin/index.js'

/*
 * A node whose addresses have feeds. Each feed says when it starts and when it stops, and emits its process until then. `BROKER` is the
 * path of a socket of Redis, or the URL of PostgreSQL; without it, the node is a worker.
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

const tell = (event: string, address: string) => process.send?.({ event, address })

const app = Fastify()
await app.register(namespaces, {
  adapter: ADAPTERS[KIND]?.() as AdapterOptions,
  namespaces: {
    '/stocks/:symbol': {
      onLastGraceMs: 0,
      async onFirst({ namespace, signal }) {
        tell('first', namespace.name)
        while (!signal.aborted) {
          namespace.emit('price:new', process.pid)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      },
      onLast: ({ namespace }) => void tell('last', namespace.name),
    },
  },
})
process.on('message', async ({ close }: { close?: boolean }) => {
  if (!close) return
  await app.close()
  process.disconnect()
})
await app.listen({ port: 0, host: '127.0.0.1', exclusive: true })
process.send?.({ port: (app.server.address() as AddressInfo).port })
