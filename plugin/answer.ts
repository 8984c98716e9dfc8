import { type IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'

/**
 * What Fastify answers to a connect: there is no connection to write it to, so it is kept. Hooks see a response like
 * any other, onSend and onResponse run, a session is saved.
 */
export class Answer extends ServerResponse {
  /** The request, once it has come through to the route's handler. */
  admitted: FastifyRequest | undefined
  /** What was thrown, if that is what is answered. */
  error: unknown
  /** Whether an error handler of the application has answered it. */
  isWorded = false
  /** The request's id, under which the log has that error. */
  requestId: string | undefined
  readonly #chunks: Buffer[] = []
  readonly #settle: (answer: Answer) => void

  /** `settle` is called when the answer is whole. */
  constructor(request: IncomingMessage, settle: (answer: Answer) => void) {
    super(request)
    this.#settle = settle
  }

  get body(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  override writeHead(statusCode: number): this {
    this.statusCode = statusCode
    this.#chunks.length = 0 // what a stream had written before it failed
    return this
  }

  override write(chunk: unknown): boolean {
    this.#chunks.push(Buffer.from(chunk as Uint8Array))
    return true
  }

  override end(chunk?: unknown): this {
    if (this.writableEnded) return this
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') this.write(chunk)
    // what `writableEnded` reads, and by it Fastify's `reply.sent`
    Object.assign(this, { finished: true })
    this.#settle(this)
    process.nextTick(() => this.emit('finish'))
    return this
  }

  // no answer is whole without its end
  override destroy(error: Error = new Error('The reply was destroyed')): this {
    this.statusCode = 500
    this.error = error
    this.isWorded = false
    return this.end()
  }
}
