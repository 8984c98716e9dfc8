import { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { readQuery } from './target.js'

/*
 * Raw requests that are kept for as long as a connection: all of an http request but its stream, which is made if
 * somebody reads it; and the names of their headers, which all browsers of a kind have in common, once.
 */

type Headers = IncomingMessage['headers']

// What a request here has by its prototype.
type Derived = 'httpVersion' | 'httpVersionMajor' | 'httpVersionMinor' | 'method' | 'rawHeaders' | 'socket' | 'url'
interface Streamless extends Omit<IncomingMessage, Derived> {}

/** An IncomingMessage, but for its constructor, which is most of its cost. */
export const Streamless = function Streamless() {} as unknown as abstract new () => Streamless
Streamless.prototype = Object.create(IncomingMessage.prototype, {
  // What node's stream methods find; there is nothing to read.
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
Object.assign(Streamless.prototype, {
  // It is here as a whole, and to destroy it is not to destroy the connection.
  complete: true,
  aborted: false,
  upgrade: null,
  statusCode: null,
  statusMessage: null,
  rawTrailers: Object.freeze([]),
  joinDuplicateHeaders: false,
})

// Those of the connection, or of a body, that a connect has none of.
const NOT_INHERITED = ['connection', 'content-length', 'content-type', 'expect', 'keep-alive', 'transfer-encoding']

/** Fastify's request, on its raw one. */
export const REQUEST = Symbol('request')
const SHAPE = Symbol('shape')

/** The names of some headers, and objects of them: V8 makes a dictionary of an object that is filled name by name. */
interface Shape {
  /** As they were sent. */
  readonly names: readonly string[]
  /** As node has them. */
  readonly blank: Headers
  readonly inherited: Headers
  /** The same with an Authorization header. */
  readonly authorized: Headers
}

// Of more, somebody makes them up.
const SHAPE_LIMIT = 500
const shapes = new Map<string, Shape>()

/** Undefined where a header came twice: node has merged what it had, or dropped it. */
function shapeOf({ rawHeaders }: IncomingMessage): Shape | undefined {
  let id = ''
  for (let index = 0; index < rawHeaders.length; index += 2) id += `${rawHeaders[index]}\n`
  const known = shapes.get(id)
  if (known) return known
  const names = id.split('\n').slice(0, -1)
  const keys = new Set(names.map((name) => name.toLowerCase()))
  if (keys.size < names.length) return undefined
  const inherited = [...keys].filter((key) => !NOT_INHERITED.includes(key))
  const shape = {
    names,
    blank: blankOf([...keys]),
    inherited: blankOf(inherited),
    authorized: blankOf([...inherited, 'authorization']),
  }
  if (shapes.size < SHAPE_LIMIT) shapes.set(id, shape)
  return shape
}

function blankOf(keys: readonly string[]): Headers {
  return JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, '']))))
}

function fill(headers: Headers, blank: Headers): Headers {
  const copy = { ...blank }
  for (const name in blank) copy[name] = headers[name]
  return copy
}

/** The headers of a handshake that a connect has, too; with an Authorization header of its own, if it has one. */
export function inheritHeaders(
  raw: IncomingMessage & { [SHAPE]?: Shape | undefined },
  authorization?: string,
): Headers {
  const { headers, [SHAPE]: shape } = raw
  const inherited = (shape && inheritShaped(headers, shape, authorization !== undefined)) ?? { ...headers }
  if (authorization !== undefined) inherited.authorization = authorization
  for (const name of NOT_INHERITED) if (name in inherited) delete inherited[name]
  return inherited
}

/** Undefined where a hook has added a header, or taken one away. */
function inheritShaped(headers: Headers, shape: Shape, isAuthorized: boolean): Headers | undefined {
  let count = 0
  for (const name in headers) {
    if (!(name in shape.blank)) return undefined
    count++
  }
  if (count !== shape.names.length) return undefined
  return fill(headers, isAuthorized ? shape.authorized : shape.inherited)
}

/** The raw request of an upgrade, kept in place of node's own. */
export class UpgradeRequest extends Streamless {
  readonly socket: IncomingMessage['socket']
  readonly method: string
  readonly httpVersion: string
  url: string
  // The engine's words. It takes away what it has added, and V8 makes a dictionary of an object that loses any but its last.
  readonly upgrade = true
  readonly _query: Record<string, string> | undefined
  websocket: unknown = undefined;
  [REQUEST]: FastifyRequest | undefined = undefined
  readonly [SHAPE]: Shape | undefined
  readonly #sent: Shape | string[]

  constructor(raw: IncomingMessage) {
    super()
    const shape = shapeOf(raw)
    this.socket = raw.socket
    this.method = raw.method as string
    this.httpVersion = raw.httpVersion
    this.url = raw.url as string // a server's request has one
    this._query = readQuery(raw)
    this.headers = shape ? fill(raw.headers, shape.blank) : raw.headers
    this[SHAPE] = shape
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
