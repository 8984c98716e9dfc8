import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../../shared/async-scope.js'
import { FST_NSP_REQUEST_MISSING } from '../../shared/errors.js'
import { DetachedRequest, REQUEST } from './detached-request.js'
import { inheritHeaders, isInherited } from './header-cache.js'
import { searchWithout } from './request-url.js'
import { findSocketState, socketStateOf } from './socket-state.js'

/*
 * Fastify's requests behind a socket: that of its handshake, and that of its connect, whose raw request is derived from
 * the handshake's: the same connection, headers, cookies and query, but another method, address and auth.
 */

const COOKIES = Symbol('cookies')

// On a handshake's raw request.
interface WithRequest {
  [REQUEST]?: FastifyRequest
  [COOKIES]?: readonly string[]
}

// The engine's own.
const ENGINE_PARAMETERS = new Set(['EIO', 'transport', 'sid', 't', 'b64', 'j'])

/** Keeps the request of a handshake on its raw request. */
export function keepHandshake(raw: IncomingMessage, request: FastifyRequest): void {
  ;(raw as WithRequest)[REQUEST] = request
}

/** Keeps the request that a socket has joined by. */
export function keepSocketRequest(socket: object, request: FastifyRequest): void {
  socketStateOf(socket).request = request
}

/** The request of a handshake, by its raw one; undefined for one that Fastify has not let through. */
export function handshakeOf(raw: IncomingMessage): FastifyRequest | undefined {
  return (raw as WithRequest)[REQUEST]
}

/**
 * The Fastify request of a socket, with its HTTP session, cookies, user, ip and decorators: the request that joined the
 * namespace or, in a namespace without a definition, the request of the handshake.
 *
 * @param socket - any server socket of `app.io`
 * @throws FST_NSP_REQUEST_MISSING for a socket that did not connect through Fastify, and for a WebTransport socket in a
 * namespace without a definition, which has no handshake
 *
 * @example
 * app.io.on('connection', (socket) => { requestOf(socket).log.info('a plain connection') })
 */
export function requestOf(socket: { readonly request: IncomingMessage }): FastifyRequest {
  const request = findRequest(socket)
  if (!request) throw new FST_NSP_REQUEST_MISSING()
  return request
}

/** What the hooks of an admitted connect have filled; undefined where they have filled nothing. */
export function scopeOf({ raw }: FastifyRequest): Scope | undefined {
  return (raw as Partial<ConnectRequest>).scope
}

/** The same, of a socket; or of whatever a listener is called with. */
export function scopeOfSocket(socket: object): Scope | undefined {
  const request = findRequest(socket as { request: IncomingMessage | null })
  return request && scopeOf(request)
}

/** The request behind a socket; undefined for a socket that has none: a session of WebTransport, in a namespace without a definition. */
export function findRequest(socket: { readonly request: IncomingMessage | null }): FastifyRequest | undefined {
  return findSocketState(socket)?.request ?? (socket.request ? handshakeOf(socket.request) : undefined)
}

/** Remembers what a handshake's answer has set: a client has these cookies when it connects, though its handshake had not. */
export function keepCookies(raw: IncomingMessage, setCookie: number | string | string[] | undefined): void {
  if (setCookie !== undefined) (raw as WithRequest)[COOKIES] = [setCookie].flat().map(String)
}

/**
 * Derives the raw request of a connect.
 * in: the handshake's raw request, the namespace's address, and the client's auth; a `token` in it is the Authorization
 * header, for browsers can't send that one.
 */
export function deriveConnect(handshake: IncomingMessage, address: string, auth: object): ConnectRequest {
  const { token } = auth as { token?: unknown }
  const derived = new ConnectRequest(handshake, address + searchWithout(handshake, ENGINE_PARAMETERS), auth)
  const headers = inheritHeaders(handshake, typeof token === 'string' ? `Bearer ${token}` : undefined)
  const set = (handshake as WithRequest)[COOKIES]
  if (set) headers.cookie = mergeCookies(headers.cookie, set)
  derived.headers = headers
  return derived
}

/** One of its own: a handshake that is the prototype of others gets slow, and theirs would be its listeners. */
export class ConnectRequest extends DetachedRequest {
  readonly #handshake: IncomingMessage
  readonly #target: string
  /** Becomes the body. */
  readonly auth: object
  /** What its hooks have filled, where it was admitted. */
  scope: Scope | undefined = undefined
  /** Refuses the connect, while it is under way. */
  refuse: ((error?: Error) => void) | undefined = undefined

  constructor(handshake: IncomingMessage, target: string, auth: object) {
    super()
    this.#handshake = handshake
    this.#target = target
    this.auth = auth
  }

  /** The connection is not this request's alone: others have joined by it. A stream that has been read destroys itself. */
  override destroy(error?: Error): this {
    if (this.readableEnded) return super.destroy(error)
    this.refuse?.(error)
    return this
  }

  get method(): string {
    return 'CONNECT'
  }

  get url(): string {
    return this.#target
  }

  // `rewriteUrl` has no say in it.
  set url(_url: string) {}

  get socket(): IncomingMessage['socket'] {
    return this.#handshake.socket
  }

  get rawHeaders(): string[] {
    const sent = this.#handshake.rawHeaders
    return sent.filter((_, index) => isInherited(sent[index - (index % 2)] as string))
  }

  get httpVersion(): string {
    return this.#handshake.httpVersion
  }

  get httpVersionMajor(): number {
    return this.#handshake.httpVersionMajor
  }

  get httpVersionMinor(): number {
    return this.#handshake.httpVersionMinor
  }
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
