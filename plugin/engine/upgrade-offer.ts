import { randomUUID } from 'node:crypto'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/*
 * Turns a request with an `Upgrade` header that no listener takes back into a plain request. As soon as a server has an
 * `upgrade` listener, node stops parsing the bodies of all such requests. So the head without that header, and all bytes that
 * came after it, are given to the server again.
 */

/** A connection that is returned more often is closed after the response: each time its `connection` listeners are called. */
const MOST_RETURNS = 8

interface Returned {
  /** The request as it came. */
  readonly offer: IncomingMessage
  /** The value of the MARK header of the returned request. */
  readonly word: string
  /** How often the connection was returned. */
  readonly count: number
}

// Identifies the returned request. node may answer it by itself (417); the next request of the connection lacks this header.
const MARK = 'x-fastify-namespaces-returned'

const returned = new WeakMap<object, Returned>()

// The events for which node, and this plugin, add a listener each time that a connection is returned.
const LEFT_BEHIND = ['pause', 'resume', 'error'] as const

/** Whether a listener may take this upgrade: not one to HTTP/2, which needs a new connection. */
export function mayBeTaken({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== 'h2c'
}

export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Gives a connection back to the server, whose parser no longer reads it, with the request without its `Upgrade` header. */
export function returnAsRequest(server: HttpServer, raw: IncomingMessage, connection: Duplex, head: Buffer): void {
  if (!connection.writable) return
  const { _httpMessage: unanswered } = connection as { _httpMessage?: ServerResponse | null }
  if (unanswered) {
    // Pipelined: waits for the response to the request before it.
    unanswered.once('close', () => returnAsRequest(server, raw, connection, head))
    return
  }
  const count = (returned.get(connection)?.count ?? 0) + 1
  const word = randomUUID()
  returned.set(connection, { offer: raw, word, count })
  connection.unshift(Buffer.concat([headOf(raw, word), head]))
  // An https server parses a connection on 'secureConnection'.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection'
  server.emit(event, connection)
  for (const name of LEFT_BEHIND) dropTwins(connection, name)
}

/** Removes each listener that was added twice, but for its first addition. */
function dropTwins(connection: Duplex, event: string): void {
  const listeners = connection.listeners(event) as (() => void)[]
  listeners.forEach((listener, index) => {
    if (listeners.indexOf(listener) < index) connection.off(event, listener)
  })
}

/** Restores the headers of a returned request, as its client has sent them. */
export function restoreOffer(raw: IncomingMessage, response: ServerResponse): void {
  const state = returned.get(raw.socket)
  if (raw.headers[MARK] !== state?.word || !state) return
  const { rawHeaders, headers } = state.offer
  if (state.count >= MOST_RETURNS) response.shouldKeepAlive = false
  raw.rawHeaders = rawHeaders
  raw.headers = headers
}

/** The head of a request without its `Upgrade` header, with the MARK header. */
function headOf({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage, word: string): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`, `${MARK}: ${word}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (!/^(?:upgrade|connection)$/i.test(name)) lines.push(`${name}: ${rawHeaders[index + 1]}`)
  }
  const kept = String(headers.connection)
    .split(/[\s,]+/)
    .filter((token) => token !== '' && !/^upgrade$/i.test(token))
  if (kept.length > 0) lines.push(`Connection: ${kept.join(', ')}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
