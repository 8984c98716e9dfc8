import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/*
 * What Fastify has no public word for, found by the descriptions of its symbols. Each has a fallback where it is gone.
 */

/** For `localhost` Fastify opens a second server for the second address. Gone: polls there run every hook, but they work. */
export function secondaryServersOf(instance: FastifyInstance): readonly HttpServer[] {
  return (find(instance, 'fastify.serverBindings')?.value as HttpServer[] | undefined) ?? []
}

/** The url of a request, as the application's `rewriteUrl` has it. */
export type ReadUrl = (raw: IncomingMessage) => string

/** Gone: what only `rewriteUrl` brings to the engine's path is polled through every hook, and can't be a WebSocket. */
export function createReadUrl(instance: FastifyInstance): ReadUrl {
  const found = find(instance, 'fastify.options')
  const { rewriteUrl } = (found?.value ?? {}) as { rewriteUrl?: (raw: IncomingMessage) => unknown }
  if (!rewriteUrl) return ({ url }) => url as string // a server's request has one
  return (raw) => {
    const sent = raw.url as string
    try {
      const url = rewriteUrl.call(found?.owner, raw)
      if (typeof url === 'string') return url
    } catch {
      // Fastify is asked next, and says what is wrong.
    } finally {
      // One that sets it, too, is asked again by Fastify.
      raw.url = sent
    }
    return sent
  }
}

/** A context inherits from its parent, and the root has it. */
function find(instance: object, description: string): { readonly owner: object; readonly value: unknown } | undefined {
  for (let owner: object | null = instance; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const symbol = Object.getOwnPropertySymbols(owner).find((key) => key.description === description)
    if (symbol) return { owner, value: Reflect.get(owner, symbol) }
  }
  return undefined
}
