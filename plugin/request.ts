import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { FST_NSP_REQUEST_MISSING } from './errors.js'

/*
 * Fastify's requests behind a socket: that of its handshake, and that of its connect, whose raw request is derived from
 * the handshake's: the same connection, headers, cookies and query, but another method, address and auth.
 */

// By a handshake's raw request, and by a socket.
const requests = new WeakMap<object, FastifyRequest>()
const bases = new WeakMap<IncomingMessage, Base>()
const cookies = new WeakMap<IncomingMessage, readonly string[]>()

/** What every connect of one connection has from its handshake. */
interface Base {
  readonly headers: IncomingMessage['headers']
  /** With its question mark, without the engine's own parameters; or empty. */
  readonly search: string
}

// Those of the connection or of a body that a connect has none of.
const NOT_INHERITED = ['connection', 'content-length', 'content-type', 'expect', 'keep-alive', 'transfer-encoding']
const ENGINE_PARAMETERS = ['EIO', 'transport', 'sid', 't', 'b64', 'j']

export function keepRequest(key: IncomingMessage | object, request: FastifyRequest): void {
  requests.set(key, request)
}

/** The request of a handshake, by its raw one; undefined for one that Fastify has not let through. */
export function handshakeOf(raw: IncomingMessage): FastifyRequest | undefined {
  return requests.get(raw)
}

/**
 * The Fastify request behind a socket: its session, cookies, user, ip and decorators. That of its connect, or, in a
 * namespace without a definition, that of its handshake.
 * in: any server socket of this plugin's server, also one met in plain `app.io.on('connection')`.
 * throws FST_NSP_REQUEST_MISSING for a socket that did not come in through Fastify.
 *
 * @example
 * app.io.on('connection', (socket) => { requestOf(socket).log.info('a plain connection') })
 */
export function requestOf(socket: { readonly request: IncomingMessage }): FastifyRequest {
  const request = requests.get(socket) ?? requests.get(socket.request)
  if (!request) throw new FST_NSP_REQUEST_MISSING()
  return request
}

/** Remembers what a handshake's answer has set: a client has these cookies when it connects, though its handshake had not. */
export function keepCookies(raw: IncomingMessage, setCookie: number | string | string[] | undefined): void {
  if (setCookie !== undefined) cookies.set(raw, [setCookie].flat().map(String))
}

/**
 * Derives the raw request of a connect.
 * in: the handshake's raw request, the namespace's address, and the client's auth; a `token` in it is the Authorization
 * header, for browsers can't send that one.
 */
export function deriveConnect(handshake: IncomingMessage, address: string, auth: object): IncomingMessage {
  const { headers, search } = baseOf(handshake)
  const { token } = auth as { token?: unknown }
  const derived = Object.create(handshake, {
    method: { value: 'CONNECT' },
    // No URL: `rewriteUrl` has no say in it.
    url: { get: () => address + search, set() {} },
    headers: { value: { ...headers, ...(typeof token === 'string' && { authorization: `Bearer ${token}` }) } },
  }) as IncomingMessage
  // A listener of its own would otherwise be one of the handshake's, and stay for good.
  EventEmitter.call(derived as never)
  return derived
}

function baseOf(raw: IncomingMessage): Base {
  const known = bases.get(raw)
  if (known) return known
  const headers = { ...raw.headers }
  for (const name of NOT_INHERITED) delete headers[name]
  const cookie = mergeCookies(headers.cookie, cookies.get(raw))
  if (cookie) headers.cookie = cookie
  const base = { headers, search: ownSearchOf(raw) }
  bases.set(raw, base)
  return base
}

function mergeCookies(sent: string | undefined, set: readonly string[] | undefined): string | undefined {
  if (!set) return sent
  const pairs = [...(sent?.split(/; */) ?? []), ...set.map((line) => line.slice(0, `${line};`.indexOf(';')))]
  return [...new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair])).values()].join('; ')
}

function ownSearchOf({ url = '' }: IncomingMessage): string {
  const start = url.indexOf('?')
  const query = new URLSearchParams(start < 0 ? '' : url.slice(start))
  for (const name of ENGINE_PARAMETERS) query.delete(name)
  return query.size > 0 ? `?${query}` : ''
}
