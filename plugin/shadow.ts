import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, Writable } from 'node:stream'

// What writeHead() may have been given for a message that is not sent as it stands.
const HOP_BY_HOP = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']

/**
 * A ServerResponse that can be written to nowhere, and remembers what it was given. Two conversations need one: what
 * the engine answers to a poll goes into one and out through Fastify's reply; what Fastify answers to a WebSocket
 * handshake goes into one and out through the engine's 101.
 */
export class ShadowResponse extends ServerResponse {
  readonly #chunks: Buffer[] = []

  /** With a connection, the response is written to it until `divert()`; without one, to nowhere from the start. */
  constructor(request: IncomingMessage, connection?: Duplex) {
    super(request)
    this.assignSocket(connection ? (connection as Socket) : nowhere())
    if (connection) this.shouldKeepAlive = false
  }

  /** From here on nothing reaches the connection; headers and hooks go their way. */
  divert(): void {
    this.detachSocket(this.socket as Socket)
    this.assignSocket(nowhere())
  }

  /** The body so far. */
  get body(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** The headers that belong to the answer itself, names in lower case, not to the connection it came over. */
  get endToEndHeaders(): OutgoingHttpHeaders {
    const headers = { ...this.getHeaders() }
    for (const name of HOP_BY_HOP) delete headers[name]
    return headers
  }

  // node keeps no copy of headers handed to writeHead(): set first, getHeaders() has them.
  override writeHead(statusCode: number, ...rest: unknown[]): this {
    const headers = rest.at(-1)
    if (typeof headers === 'object' && headers !== null) {
      for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader | undefined>)) {
        if (value !== undefined) this.setHeader(name, value)
      }
    }
    return super.writeHead(statusCode)
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    this.#keep(chunk, rest[0])
    return super.write(chunk as string, ...(rest as []))
  }

  override end(...args: unknown[]): this {
    this.#keep(args[0], args[1])
    return super.end(...(args as []))
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (typeof chunk === 'string') this.#chunks.push(Buffer.from(chunk, encoding as BufferEncoding))
    else if (chunk instanceof Uint8Array) this.#chunks.push(Buffer.from(chunk))
  }
}

function nowhere(): Socket {
  // ServerResponse asks no more of its socket than a Writable has (light-my-request relies on the same).
  // It never asks a writer to wait: the http server, who passes a socket's 'drain' on, does not know this one.
  return new Writable({ highWaterMark: Number.MAX_SAFE_INTEGER, write: (_chunk, _encoding, done) => done() }) as Socket
}

/**
 * Sends an upgrade request through Fastify as a plain one. What Fastify answers goes to the client and ends the
 * connection, unless the response is diverted on the way.
 */
export function routeUpgrade(
  route: (raw: IncomingMessage, response: ServerResponse) => void,
  raw: IncomingMessage,
): ShadowResponse {
  const connection = raw.socket
  const response = new ShadowResponse(raw, connection)
  response.once('finish', () => {
    if (response.socket === connection) connection.destroySoon()
  })
  route(raw, response)
  return response
}
