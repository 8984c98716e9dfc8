import { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { copyHeaders, HEADER_SHAPE, type HeaderShape, shapeOf } from './header-cache.js'
import { readQuery } from './request-url.js'

/*
 * Raw requests that exist as long as a connection: an http.IncomingMessage without its stream, which is created on the first read.
 */

// Defined by the classes below.
type Derived =
  | 'destroy'
  | 'httpVersion'
  | 'httpVersionMajor'
  | 'httpVersionMinor'
  | 'method'
  | 'rawHeaders'
  | 'socket'
  | 'url'
interface DetachedRequest extends Omit<IncomingMessage, Derived> {
  destroy(error?: Error): this
}

/** An IncomingMessage whose constructor, the largest part of its cost, is not called. */
export const DetachedRequest = function DetachedRequest() {} as unknown as abstract new () => DetachedRequest
DetachedRequest.prototype = Object.create(IncomingMessage.prototype, {
  // The methods of node's streams need it; the stream is empty.
  _readableState: {
    get(this: IncomingMessage) {
      const { _readableState: value } = new IncomingMessage(this.socket) as unknown as { _readableState: unknown }
      Object.defineProperty(this, '_readableState', { value, writable: true })
      return value
    },
  },
  _read: {
    value(this: IncomingMessage) {
      this.push(null)
    },
  },
  client: {
    get(this: IncomingMessage) {
      return this.socket
    },
  },
})
Object.assign(DetachedRequest.prototype, {
  // The message has been received completely.
  complete: true,
  aborted: false,
  upgrade: null,
  statusCode: null,
  statusMessage: null,
  rawTrailers: Object.freeze([]),
  joinDuplicateHeaders: false,
})

/** On a raw request: its Fastify request. */
export const REQUEST = Symbol('request')

/** Aborts a request as node does when the client disconnects before the response. */
export function abort(raw: IncomingMessage): void {
  raw.aborted = true
  process.nextTick(() => raw.emit('close'))
}

/** The raw request of an upgrade, in place of node's. */
export class UpgradeRequest extends DetachedRequest {
  readonly socket: IncomingMessage['socket']
  readonly method: string
  readonly httpVersion: string
  url: string
  // Fields that engine.io adds. It deletes what it has added, and V8 turns an object that loses any field but its last into a
  // dictionary.
  readonly upgrade = true
  readonly _query: Record<string, string> | undefined
  websocket: unknown = undefined;
  [REQUEST]: FastifyRequest | undefined = undefined
  readonly [HEADER_SHAPE]: HeaderShape | undefined
  readonly #sent: HeaderShape | string[]

  constructor(raw: IncomingMessage) {
    super()
    const shape = shapeOf(raw)
    this.socket = raw.socket
    this.method = raw.method as string
    this.httpVersion = raw.httpVersion
    this.url = raw.url as string // a server's request has one
    this._query = readQuery(raw)
    this.headers = shape ? copyHeaders(raw.headers, shape) : raw.headers
    this[HEADER_SHAPE] = shape
    this.#sent = shape ?? raw.rawHeaders
  }

  get httpVersionMajor(): number {
    return 1
  }

  get httpVersionMinor(): number {
    return this.httpVersion === '1.0' ? 0 : 1
  }

  get rawHeaders(): string[] {
    const sent = this.#sent
    if (Array.isArray(sent)) return sent
    return sent.names.flatMap((name) => [name, String(this.headers[name.toLowerCase()])])
  }
}
