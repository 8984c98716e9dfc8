import { IncomingMessage } from 'node:http'
import type { Scope } from '../../shared/async-scope.js'
import { DetachedRequest } from './detached-request.js'
import { inheritHeaders, isInherited } from './header-cache.js'
import { searchWithout } from './request-url.js'

/*
 * The raw request of a connect. It has the connection, headers, cookies and query of the handshake, but its own method, address
 * and auth.
 */

interface ConnectFields {
  /** Becomes `request.body`. */
  readonly auth: object
  /** The AsyncLocalStorage values that its hooks have set, once it is admitted. */
  scope: Scope | undefined
  /** Refuses the connect; set while it is under way. */
  refuse: ((error?: Error) => void) | undefined
  /** Refuses the connect, but leaves the connection open: it has other sockets. A stream that was read destroys itself. */
  destroy(error?: Error): this
}

export type RawConnect = IncomingMessage & ConnectFields

const COOKIES = Symbol('cookies')

// On a handshake's raw request.
interface WithCookies {
  [COOKIES]?: readonly string[]
}

// Query parameters of engine.io, which a connect does not have.
const ENGINE_PARAMETERS = new Set(['EIO', 'transport', 'sid', 't', 'b64', 'j'])

/** Keeps the Set-Cookie headers of a handshake's response: the client has these cookies when it connects. */
export function keepCookies(raw: IncomingMessage, setCookie: number | string | string[] | undefined): void {
  if (setCookie !== undefined) (raw as WithCookies)[COOKIES] = [setCookie].flat().map(String)
}

/**
 * Derives the raw request of a connect.
 *
 * @param handshake - the raw request of the handshake
 * @param address - the address of the namespace; becomes the path
 * @param auth - the client's auth. Its `token` becomes the Authorization header, which browsers can't send.
 * @param isDetached - whether it has no stream until somebody reads it
 */
export function deriveConnect(
  handshake: IncomingMessage,
  address: string,
  auth: object,
  isDetached = true,
): RawConnect {
  const { token } = auth as { token?: unknown }
  const target = address + searchWithout(handshake, ENGINE_PARAMETERS)
  const Raw = isDetached ? DetachedConnect : PlainConnect
  const derived = new Raw(handshake, target, auth) as unknown as RawConnect
  const headers = inheritHeaders(handshake, typeof token === 'string' ? `Bearer ${token}` : undefined)
  const set = (handshake as WithCookies)[COOKIES]
  if (set) headers.cookie = mergeCookies(headers.cookie, set)
  derived.headers = headers
  return derived
}

/** Whether a raw request is that of a connect. */
export function isRawConnect(raw: object): boolean {
  return raw instanceof DetachedConnect || raw instanceof PlainConnect
}

/** Not an object with the handshake as its prototype: that would slow the handshake down, and share its listeners. */
class DetachedConnect extends DetachedRequest implements ConnectFields {
  readonly #handshake: IncomingMessage
  readonly #target: string
  readonly auth: object
  scope: Scope | undefined = undefined
  refuse: ((error?: Error) => void) | undefined = undefined

  constructor(handshake: IncomingMessage, target: string, auth: object) {
    super()
    this.#handshake = handshake
    this.#target = target
    this.auth = auth
  }

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
    return inheritRawHeaders(this.#handshake)
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

interface EmptyMessage extends Omit<IncomingMessage, '_read' | 'destroy' | 'rawHeaders' | 'url'> {
  _read(): void
  destroy(error?: Error): this
}

// TypeScript refuses accessors in the place of properties.
const Message = IncomingMessage as unknown as abstract new (connection: IncomingMessage['socket']) => EmptyMessage

/** An http.IncomingMessage as node makes it, with an empty body. */
class PlainConnect extends Message implements ConnectFields {
  readonly auth: object
  scope: Scope | undefined = undefined
  refuse: ((error?: Error) => void) | undefined = undefined
  readonly #handshake: IncomingMessage
  readonly #target: string

  constructor(handshake: IncomingMessage, target: string, auth: object) {
    super(handshake.socket)
    this.#handshake = handshake
    this.#target = target
    this.auth = auth
    this.method = 'CONNECT'
    this.httpVersion = handshake.httpVersion
    this.httpVersionMajor = handshake.httpVersionMajor
    this.httpVersionMinor = handshake.httpVersionMinor
    this.complete = true
  }

  get url(): string {
    return this.#target
  }

  // Ignores node's constructor, and `rewriteUrl`.
  set url(_url: string) {}

  get rawHeaders(): string[] {
    return inheritRawHeaders(this.#handshake)
  }

  // Ignores node's constructor.
  set rawHeaders(_headers: string[]) {}

  override _read(): void {
    this.push(null)
  }

  override destroy(error?: Error): this {
    if (this.readableEnded) return super.destroy(error)
    this.refuse?.(error)
    return this
  }
}

function inheritRawHeaders({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, index) => isInherited(rawHeaders[index - (index % 2)] as string))
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
