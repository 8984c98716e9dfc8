import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { FastifyError, FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { FST_NSP_ORIGIN_FORBIDDEN } from '../shared/errors.js'
import { withTimeout } from '../shared/timeout.js'
import { handshakeOf } from './http/connect-request.js'

/*
 * Who may open a connection from a browser: the same origin, and the origins that `io.cors.origin` lists. CORS alone
 * does not protect a WebSocket (a page of any origin may open one, with the visitor's cookies), so the list is
 * enforced here, on every transport. A client without an Origin header is not a browser and is let through.
 */

const ANSWER_MS = 5_000

/** What is known of where a request was sent to. */
type Target = Pick<FastifyRequest, 'host' | 'protocol'>

/**
 * Rejects with FST_NSP_ORIGIN_FORBIDDEN (403) for a request from a browser page that may not connect.
 * in: the request, and where it was sent to: a handshake knows by itself, what follows it goes where it went.
 */
export type OriginPolicy = (raw: IncomingMessage, target: Target) => Promise<void>

type StaticCorsOptions = Exclude<NonNullable<ServerOptions['cors']>, (...args: never[]) => unknown>

/** What is answered to a request that Fastify does not see, in its words. */
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

/** Whether a later request of a session may go on without a question: no browser's, or from where the session was opened. */
function isFromSamePage({ headers: { origin } }: IncomingMessage, handshake: FastifyRequest): boolean {
  return origin === undefined || origin === handshake.headers.origin || isSameOrigin(origin, handshake)
}

/**
 * Lets a later request of a session go on, or refuses it. Calls back at once where nothing has to be asked.
 * in: the raw request, and that of the session's handshake.
 */
export function admitOrigin(
  raw: IncomingMessage,
  opening: IncomingMessage | null,
  checkOrigin: OriginPolicy,
  go: (refusal?: OriginRefusal) => void,
): unknown {
  const handshake = opening ? handshakeOf(opening) : undefined
  if (!handshake || isFromSamePage(raw, handshake)) return go()
  // Of a function of the application that never calls back, nobody waits longer for an answer.
  return withTimeout(checkOrigin(raw, handshake), ANSWER_MS, () => new Error('io.cors has not called back')).then(
    () => go(),
    (error: unknown) => {
      handshake.log.info({ err: error }, 'refused a request of a session, for its origin')
      go(refuse(new FST_NSP_ORIGIN_FORBIDDEN(shortenOrigin(String(raw.headers.origin)))))
    },
  )
}

/**
 * An Origin names scheme, host and port; a Host header no scheme. Behind a proxy that ends TLS and that Fastify is not
 * told to trust we can't know the scheme, so only a request that is known to be encrypted insists on https.
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

/** What of an Origin header may be logged and told: no user, no query. */
export function shortenOrigin(header: string): string {
  const origin = header.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*/s, '')
  return origin.length > 100 ? `${origin.slice(0, 100)}…` : origin
}
