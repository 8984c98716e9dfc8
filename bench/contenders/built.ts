import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

export type Plugin = typeof import('../../plugin/index.js')

// Not a literal, for there are no types of it before `npm run build`.
const self: string = 'fastify-namespaces'

/** What users run: the bundle in dist/, which this package's own name leads to. */
export async function loadPlugin(): Promise<Plugin> {
  return (await import(self)) as Plugin
}

/** Listens on a free port of this machine; resolves to it. */
export async function listenWith(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  return (app.server.address() as AddressInfo).port
}
