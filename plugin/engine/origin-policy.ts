import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { FastifyError, FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { FST_NSP_ORIGIN_FORBIDDEN } from '../shared/errors.js'
import { withTimeout } from '../shared/timeout.js'
import { handshakeOf } from './http/connect-request.js'

/*
 * Allows browsers to connect from the same origin and from the origins in `io.cors.origin`, on every transport. CORS alone does
 * not protect a WebSocket: a page of any origin may open one, with the visitor's cookies. A client without an Origin header
 * is not a browser and is allowed.
 */

const ANSWER_MS = 5_000

/** Where a request was sent to. */
type Target = Pick<FastifyRequest, 'host' | 'protocol'>

/**
 * Checks the Origin header of a request.
 *
 * @param target - where the request was sent to; for a later request of an engine session, its handshake
 * @throws FST_NSP_ORIGIN_FORBIDDEN (403) if that page may not connect
 */
export type OriginPolicy = (raw: IncomingMessage, target: Target) => Promise<void>

type StaticCorsOptions = Exclude<NonNullable<ServerOptions['cors']>, (...args: never[]) => unknown>

/** The response to a request that does not reach Fastify, in the format of Fastify's errors. */
export interface OriginRefusal {
  readonly statusCode: number
  readonly endToEndHeaders: OutgoingHttpHeaders
  readonly body: string
}

/** Builds the policy from Socket.IO's `cors` option, in any of the forms that the `cors` package takes. */
export function createOriginPolicy(cors: ServerOptions['cors'] | undefined): OriginPolicy {
  return async (raw, target) => {
    const { origin } = raw.headers
    if (origin === undefined || isSameOrigin(origin, target)) return
    const { origin: allowed } = typeof cors === 'function' ? await resolveDelegate(cors, raw) : (cors ?? {})
    if (!(await isAllowed(origin, allowed))) throw new FST_NSP_ORIGIN_FORBIDDEN(shortenOrigin(origin))
  }
}

/** Whether a later request of an engine session comes from the page that opened it, from the same origin, or from no browser. */
function isFromSamePage({ headers: { origin } }: IncomingMessage, handshake: FastifyRequest): boolean {
  return origin === undefined || origin === handshake.headers.origin || isSameOrigin(origin, handshake)
}

/**
 * Checks the origin of a later request of an engine session.
 *
 * @param opening - the raw request of its handshake
 * @param go - called with the refusal, if there is one; at once unless `checkOrigin` has to be called
 */
export function admitOrigin(
  raw: IncomingMessage,
  opening: IncomingMessage | null,
  checkOrigin: OriginPolicy,
  go: (refusal?: OriginRefusal) => void,
): unknown {
  const handshake = opening ? handshakeOf(opening) : undefined
  if (!handshake || isFromSamePage(raw, handshake)) return go()
  // An `io.cors` function of the application that never calls back counts as a refusal.
  return withTimeout(checkOrigin(raw, handshake), ANSWER_MS, () => new Error('io.cors has not called back')).then(
    () => go(),
    (error: unknown) => {
      handshake.log.info({ err: error }, 'request of an engine session refused, for its origin')
      go(refuse(new FST_NSP_ORIGIN_FORBIDDEN(shortenOrigin(String(raw.headers.origin)))))
    },
  )
}

/**
 * Compares an Origin header with the Host header, which has no scheme. Behind a proxy that terminates TLS, without `trustProxy`, the
 * scheme is unknown: only a request that is known to be encrypted requires https.
 */
function isSameOrigin(origin: string, target: Target): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host } = new URL(origin)
  if (protocol !== 'https:' && (protocol !== 'http:' || target.protocol === 'https')) return false
  const own = `${protocol}//${target.host}`
  return URL.canParse(own) && new URL(own).host === host
}

async function isAllowed(origin: string, allowed: StaticCorsOptions['origin']): Promise<boolean> {
  if (typeof allowed === 'function') {
    const answer = await new Promise<StaticCorsOptions['origin']>((resolve, reject) => {
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
  raw: IncomingMessage,
): Promise<StaticCorsOptions> {
  return new Promise((resolve, reject) => {
    delegate(raw, (error, options) => (error ? reject(error) : resolve(options ?? {})))
  })
}

function refuse({ statusCode = 403, code, message }: FastifyError): OriginRefusal {
  const body = JSON.stringify({ statusCode, code, error: 'Forbidden', message })
  const type = 'application/json; charset=utf-8'
  return { statusCode, endToEndHeaders: { 'content-type': type, 'content-length': Buffer.byteLength(body) }, body }
}

/** The part of an Origin header that may be logged and sent: without user and query. */
export function shortenOrigin(header: string): string {
  const origin = header.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*/s, '')
  return origin.length > 100 ? `${origin.slice(0, 100)}…` : origin
}
