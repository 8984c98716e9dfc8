import type { FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { FST_NSP_ORIGIN_FORBIDDEN } from './errors.js'

/*
 * Who may open a connection from a browser: the same origin, and the origins that `io.cors.origin` lists. CORS alone
 * does not protect a WebSocket (a page of any origin may open one, with the visitor's cookies), so the list is
 * enforced here, on every transport. A client without an Origin header is not a browser and is let through.
 */

/** Throws FST_NSP_ORIGIN_FORBIDDEN (403) for a handshake from a browser page that may not connect. */
export type OriginPolicy = (request: FastifyRequest) => Promise<void>

type CorsOptions = Exclude<NonNullable<ServerOptions['cors']>, (...args: never[]) => unknown>

/** Builds the policy from Socket.IO's `cors` option, in any of the forms that the `cors` package takes. */
export function createOriginPolicy(cors: ServerOptions['cors'] | undefined): OriginPolicy {
  return async (request) => {
    const { origin } = request.headers
    if (origin === undefined || isSameOrigin(origin, request)) return
    const { origin: allowed } = typeof cors === 'function' ? await resolveDelegate(cors, request) : (cors ?? {})
    if (!(await isAllowed(origin, allowed))) throw new FST_NSP_ORIGIN_FORBIDDEN(shorten(origin))
  }
}

/**
 * An Origin names scheme, host and port; a Host header no scheme. Behind a proxy that ends TLS and that Fastify is not
 * told to trust we can't know the scheme, so only a request that is known to be encrypted insists on https.
 */
function isSameOrigin(origin: string, request: FastifyRequest): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host } = new URL(origin)
  if (protocol !== 'https:' && (protocol !== 'http:' || request.protocol === 'https')) return false
  const own = `${protocol}//${request.host}`
  return URL.canParse(own) && new URL(own).host === host
}

async function isAllowed(origin: string, allowed: CorsOptions['origin']): Promise<boolean> {
  if (typeof allowed === 'function') {
    const answer = await new Promise<CorsOptions['origin']>((resolve, reject) => {
      allowed(origin, (error, value) => (error ? reject(error) : resolve(value)))
    })
    return answer === true || (await isAllowed(origin, answer))
  }
  if (Array.isArray(allowed)) return allowed.some((entry) => matches(origin, entry))
  return allowed === '*' || matches(origin, allowed)
}

function matches(origin: string, entry: unknown): boolean {
  if (entry instanceof RegExp) return new RegExp(entry.source, entry.flags.replace(/[gy]/g, '')).test(origin)
  return entry === origin
}

function resolveDelegate(
  delegate: Extract<NonNullable<ServerOptions['cors']>, (...args: never[]) => unknown>,
  request: FastifyRequest,
): Promise<CorsOptions> {
  return new Promise((resolve, reject) => {
    delegate(request.raw, (error, options) => (error ? reject(error) : resolve(options ?? {})))
  })
}

function shorten(origin: string): string {
  return origin.length > 100 ? `${origin.slice(0, 100)}…` : origin
}
