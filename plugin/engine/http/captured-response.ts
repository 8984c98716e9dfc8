import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

/*
 * Captured responses: their head and body are kept instead of written to a connection.
 */

// Headers of one connection or message. The captured response is sent in another one.
const HOP_BY_HOP = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * A ServerResponse that captures what is written to it. Hooks see an ordinary response: onSend and onResponse run, an HTTP session
 * is saved. It captures the engine's response to a poll, for Fastify's reply, and Fastify's response to a WebSocket handshake,
 * for the engine's 101.
 */
export class CapturedResponse extends ServerResponse {
  #chunks: Buffer[] | undefined = undefined
  /** Called when the response is complete. */
  onEnd: ((response: this) => void) | undefined = undefined

  // By its private field: Express replaces the prototype.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && #chunks in value
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks ?? [])
  }

  /** The headers without those of a connection, with names in lower case. */
  get endToEndHeaders(): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = Object.create(null) // a header may be called `__proto__`
    for (const name of this.getHeaderNames()) if (!HOP_BY_HOP.has(name)) headers[name] = this.getHeader(name)
    return headers
  }

  override writeHead(statusCode: number, ...rest: unknown[]): this {
    this.statusCode = statusCode
    this.#chunks = undefined // drops what a stream wrote before it failed
    const [reason, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]]
    if (reason !== undefined) this.statusMessage = reason as string
    for (const [name, value] of joinLines(pairsOf(headers ?? {}))) this.setHeader(name, value)
    return this
  }

  override write(chunk: unknown, encoding?: unknown): boolean {
    this.#chunks ??= []
    this.#chunks.push(Buffer.from(chunk as string, encoding as BufferEncoding))
    return true
  }

  override end(chunk?: unknown, encoding?: unknown): this {
    if (this.writableEnded) return this
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function')
      this.write(chunk, encoding)
      // `writableEnded` reads it, and Fastify's `reply.sent` reads that.
    ;(this as { finished: boolean }).finished = true
    this.onEnd?.(this)
    process.nextTick(finish, this)
    return this
  }

  // A response that is destroyed before its end becomes a 500.
  override destroy(_error?: Error): this {
    this.statusCode = 500
    return this.end()
  }
}

function finish(response: CapturedResponse): void {
  response.emit('finish')
  response.emit('close')
}

type HeaderPair = readonly [name: string, value: OutgoingHttpHeader | undefined]

/** Reads the headers of `writeHead`: an object, a list of pairs, or a flat list of names and values. */
function pairsOf(headers: object): readonly HeaderPair[] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (Array.isArray(headers[0])) return headers
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []))
}

/** Joins the values of a name that comes twice, in whatever case, to a list: it is sent twice. */
function joinLines(pairs: readonly HeaderPair[]): ReadonlyMap<string, OutgoingHttpHeader> {
  const lines = new Map<string, OutgoingHttpHeader>()
  for (const [name, value] of pairs) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    const before = lines.get(key)
    lines.set(key, before === undefined ? value : [before, value].flat().map(String))
  }
  return lines
}

/** Fastify's response to a connect. */
export class ConnectResponse extends CapturedResponse {
  /** The request, once it has reached the handler of the route. */
  admitted: FastifyRequest | undefined
  /** The thrown error, if the response is an error. */
  error: unknown
  /** Whether an error handler of the application has written the response. */
  isWorded = false
  /** Whether the error was thrown while another response was sent: by an onSend hook, or a stream. */
  isOfSending = false
  /** Whether a response has passed all onSend hooks. */
  isSendable = false
  /** The id of the request, with which the error is logged. */
  requestId: string | undefined
  /** The log of the request; that of the handshake if the request has none. */
  log: FastifyBaseLogger | undefined

  /** Ends the response without a result: Fastify starts no further hook of the request. */
  abandon(): void {
    this.onEnd = undefined
    this.statusCode = 503
    this.end()
  }

  override destroy(error: Error = new Error('The reply was destroyed')): this {
    this.error = error
    this.isWorded = false
    return super.destroy(error)
  }
}
