import { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { FST_NSP_REQUEST_MISSING } from './errors.js'
import { queryOf } from './target.js'

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
  const derived = new ConnectRequest(handshake, address + search)
  derived.headers = { ...headers, ...(typeof token === 'string' && { authorization: `Bearer ${token}` }) }
  return derived
}

// One of its own: a handshake that is the prototype of others gets slow, and theirs would be its listeners.
class ConnectRequest extends IncomingMessage {
  readonly target: string

  constructor(handshake: IncomingMessage, target: string) {
    super(handshake.socket)
    this.target = target
    this.method = 'CONNECT'
    this.httpVersion = handshake.httpVersion
    this.httpVersionMajor = handshake.httpVersionMajor
    this.httpVersionMinor = handshake.httpVersionMinor
    this.rawHeaders = handshake.rawHeaders
    // There is no body, and to destroy it is not to destroy the connection.
    this.complete = true
  }

  // For a hook that reads the payload.
  override _read(): void {
    this.push(null)
  }
}

// It can't be set: `rewriteUrl` has no say in it.
Object.defineProperty(ConnectRequest.prototype, 'url', {
  get(this: ConnectRequest) {
    return this.target
  },
  set() {},
})

function baseOf(raw: IncomingMessage): Base {
  const known = bases.get(raw)
  if (known) return known
  const headers = { ...raw.headers }
  for (const name of NOT_INHERITED) delete headers[name]
  const set = cookies.get(raw)
  if (set) headers.cookie = mergeCookies(headers.cookie, set)
  const base = { headers, search: ownSearchOf(raw) }
  bases.set(raw, base)
  return base
}

/** The Cookie header of a client that has sent one, and was answered with these lines of Set-Cookie. */
function mergeCookies(sent: string | undefined, set: readonly string[]): string | undefined {
  const nameOf = (pair: string) => pair.slice(0, pair.indexOf('='))
  const jar = new Map(sent?.split(/; */).map((pair) => [nameOf(pair), pair]))
  for (const line of set) {
    const pair = line.slice(0, `${line};`.indexOf(';'))
    if (isExpired(line)) jar.delete(nameOf(pair))
    else jar.set(nameOf(pair), pair)
  }
  return jar.size > 0 ? [...jar.values()].join('; ') : undefined
}

function isExpired(line: string): boolean {
  const maxAge = /; *max-age=([^;]*)/i.exec(line)?.[1]
  const expires = /; *expires=([^;]*)/i.exec(line)?.[1] ?? ''
  return maxAge === undefined ? Date.parse(expires) <= Date.now() : Number(maxAge) <= 0
}

function ownSearchOf(raw: IncomingMessage): string {
  const query = queryOf(raw)
  for (const name of ENGINE_PARAMETERS) query.delete(name)
  return query.size > 0 ? `?${query}` : ''
}
