import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/*
 * Two private fields of Fastify, found by the descriptions of their symbols. Each function has a fallback if its field is missing.
 */

/**
 * The servers that Fastify opens for the second address of `localhost`. If the field is missing, polls there work, but run all
 * hooks.
 */
export function secondaryServersOf(instance: FastifyInstance): readonly HttpServer[] {
  return (find(instance, 'fastify.serverBindings')?.value as HttpServer[] | undefined) ?? []
}

/** Returns the url of a request after the application's `rewriteUrl`. */
export type ReadUrl = (raw: IncomingMessage) => string

/**
 * If the field is missing, a request that only `rewriteUrl` brings to the engine's path runs all hooks with each poll, and can't be
 * a WebSocket.
 */
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
      // Fastify calls rewriteUrl next and reports the error.
    } finally {
      // A rewriteUrl that also sets raw.url is called by Fastify again.
      raw.url = sent
    }
    return sent
  }
}

/** Looks through the prototypes: a context inherits from its parent, and the field is on the root. */
function find(instance: object, description: string): { readonly owner: object; readonly value: unknown } | undefined {
  for (let owner: object | null = instance; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const symbol = Object.getOwnPropertySymbols(owner).find((key) => key.description === description)
    if (symbol) return { owner, value: Reflect.get(owner, symbol) }
  }
  return undefined
}
