import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../../shared/async-scope.js'
import { FST_NSP_REQUEST_MISSING } from '../../shared/errors.js'
import { DetachedRequest, REQUEST } from './detached-request.js'
import { inheritHeaders, isInherited } from './header-cache.js'
import { searchWithout } from './request-url.js'
import { findSocketState, socketStateOf } from './socket-state.js'

/*
 * The two Fastify requests of a socket, of its handshake and of its connect, and the raw request of a connect. That has the
 * connection, headers, cookies and query of the handshake, but its own method, address and auth.
 */

const COOKIES = Symbol('cookies')

// On a handshake's raw request.
interface WithRequest {
  [REQUEST]?: FastifyRequest
  [COOKIES]?: readonly string[]
}

// Query parameters of engine.io, which a connect does not have.
const ENGINE_PARAMETERS = new Set(['EIO', 'transport', 'sid', 't', 'b64', 'j'])

/** Keeps the request of a handshake on its raw request. */
export function keepHandshake(raw: IncomingMessage, request: FastifyRequest): void {
  ;(raw as WithRequest)[REQUEST] = request
}

/** Keeps the request of the connect of a socket. */
export function keepSocketRequest(socket: object, request: FastifyRequest): void {
  socketStateOf(socket).request = request
}

/** The Fastify request of a handshake; undefined if Fastify has refused it. */
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

/** The AsyncLocalStorage values that the hooks of an admitted connect have set; undefined if there are none. */
export function scopeOf({ raw }: FastifyRequest): Scope | undefined {
  return (raw as Partial<ConnectRequest>).scope
}

/** The AsyncLocalStorage values of a socket; undefined for any other object. */
export function scopeOfSocket(socket: object): Scope | undefined {
  const request = findRequest(socket as { request: IncomingMessage | null })
  return request && scopeOf(request)
}

/** The request of a socket; undefined for a WebTransport socket in a namespace without a definition. */
export function findRequest(socket: { readonly request: IncomingMessage | null }): FastifyRequest | undefined {
  return findSocketState(socket)?.request ?? (socket.request ? handshakeOf(socket.request) : undefined)
}

/** Keeps the Set-Cookie headers of a handshake's response: the client has these cookies when it connects. */
export function keepCookies(raw: IncomingMessage, setCookie: number | string | string[] | undefined): void {
  if (setCookie !== undefined) (raw as WithRequest)[COOKIES] = [setCookie].flat().map(String)
}

/**
 * Derives the raw request of a connect.
 *
 * @param handshake - the raw request of the handshake
 * @param address - the address of the namespace; becomes the path
 * @param auth - the client's auth. Its `token` becomes the Authorization header, which browsers can't send.
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

/** Not an object with the handshake as its prototype: that would slow the handshake down, and share its listeners. */
export class ConnectRequest extends DetachedRequest {
  readonly #handshake: IncomingMessage
  readonly #target: string
  /** Becomes `request.body`. */
  readonly auth: object
  /** The AsyncLocalStorage values that its hooks have set, once it is admitted. */
  scope: Scope | undefined = undefined
  /** Refuses the connect; set while it is under way. */
  refuse: ((error?: Error) => void) | undefined = undefined

  constructor(handshake: IncomingMessage, target: string, auth: object) {
    super()
    this.#handshake = handshake
    this.#target = target
    this.auth = auth
  }

  /** Refuses the connect, but leaves the connection open: it has other sockets. A stream that was read destroys itself. */
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

  // Ignores `rewriteUrl`.
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

/** Updates a Cookie header by Set-Cookie headers. */
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
