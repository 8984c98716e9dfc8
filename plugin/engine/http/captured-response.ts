import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

// What may have been set for a message that is not sent as it stands.
const HOP_BY_HOP = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * A response that is kept, and not written to its connection: hooks see a response like any other, onSend and onResponse
 * run, a session is saved. What the engine answers to a poll is kept for Fastify's reply, and what Fastify answers to a
 * WebSocket handshake for the engine's 101.
 */
export class CapturedResponse extends ServerResponse {
  #chunks: Buffer[] | undefined = undefined
  /** Called when the answer is whole. */
  onEnd: ((answer: this) => void) | undefined = undefined

  // By what it has, for its prototype may be replaced.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && #chunks in value
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks ?? [])
  }

  /** The headers that belong to the answer itself, names in lower case, not to the connection it came over. */
  get endToEndHeaders(): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = Object.create(null) // a header may be called `__proto__`
    for (const name of this.getHeaderNames()) if (!HOP_BY_HOP.has(name)) headers[name] = this.getHeader(name)
    return headers
  }

  override writeHead(statusCode: number, ...rest: unknown[]): this {
    this.statusCode = statusCode
    this.#chunks = undefined // what a stream had written before it failed
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
      // what `writableEnded` reads, and by it Fastify's `reply.sent`
    ;(this as { finished: boolean }).finished = true
    this.onEnd?.(this)
    process.nextTick(finish, this)
    return this
  }

  // no answer is whole without its end
  override destroy(_error?: Error): this {
    this.statusCode = 500
    return this.end()
  }
}

function finish(answer: CapturedResponse): void {
  answer.emit('finish')
  answer.emit('close')
}

type HeaderPair = readonly [name: string, value: OutgoingHttpHeader | undefined]

/** Headers as `writeHead` takes them: an object, a list of pairs, or a list of names and values in turn. */
function pairsOf(headers: object): readonly HeaderPair[] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (Array.isArray(headers[0])) return headers
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []))
}

/** What comes twice, also in another spelling, is sent twice. */
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

/** What Fastify answers to a connect. */
export class ConnectResponse extends CapturedResponse {
  /** The request, once it has come through to the route's handler. */
  admitted: FastifyRequest | undefined
  /** What was thrown, if that is what is answered. */
  error: unknown
  /** Whether an error handler of the application has answered it. */
  isWorded = false
  /** Whether that error came of sending something else: of an onSend hook, or of a stream. */
  isOfSending = false
  /** Whether something has come through all onSend hooks. */
  isSendable = false
  /** The request's id, under which the log has that error. */
  requestId: string | undefined
  /** Its log, where it has come to one; else that of the handshake. */
  log: FastifyBaseLogger | undefined

  /** Ends it without an outcome: Fastify begins no hook of it any more. */
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
