import { randomUUID } from 'node:crypto'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/*
 * A request that offers an upgrade which nobody takes is a request. As soon as one listener for `upgrade` exists, node
 * stops parsing the bodies of all requests that offer one; so such a request goes back to its server as one without the
 * offer, in front of what its connection has sent since.
 */

/** A connection that goes back more often is closed after the answer: listeners for `connection` hear it each time. */
const MOST_RETURNS = 8

/** Of a connection: the request that it came back with, the word by which that is known again, and how often it has come back. */
interface Returned {
  readonly offer: IncomingMessage
  readonly word: string
  readonly count: number
}

// Node may answer a request by itself (417): the next one of its connection is another. It has no such header of ours.
const MARK = 'x-fastify-namespaces-returned'

const returned = new WeakMap<object, Returned>()

// What node, and we, listen for again each time, and until the connection ends.
const LEFT_BEHIND = ['pause', 'resume', 'error'] as const

/** Whether somebody may want this upgrade. Nobody speaks HTTP/2 on a connection that has begun with HTTP/1.1. */
export function isWanted({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== 'h2c'
}

export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Gives a connection back to the server, whose parser has let go of it, with a request that offers no upgrade. */
export function returnAsRequest(server: HttpServer, raw: IncomingMessage, connection: Duplex, head: Buffer): void {
  if (!connection.writable) return
  const { _httpMessage: unanswered } = connection as { _httpMessage?: ServerResponse | null }
  if (unanswered) {
    // Behind a request that is not answered yet, whose response would not know of the next one.
    unanswered.once('close', () => returnAsRequest(server, raw, connection, head))
    return
  }
  const count = (returned.get(connection)?.count ?? 0) + 1
  const word = randomUUID()
  returned.set(connection, { offer: raw, word, count })
  connection.unshift(Buffer.concat([headOf(raw, word), head]))
  // https parses what comes with this event.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection'
  server.emit(event, connection)
  for (const name of LEFT_BEHIND) dropTwins(connection, name)
}

/** Leaves of each listener that is there twice the first. */
function dropTwins(connection: Duplex, event: string): void {
  const listeners = connection.listeners(event) as (() => void)[]
  listeners.forEach((listener, index) => {
    if (listeners.indexOf(listener) < index) connection.off(event, listener)
  })
}

/** Gives a request that has come back this way the headers that its client has sent. */
export function restoreOffer(raw: IncomingMessage, response: ServerResponse): void {
  const state = returned.get(raw.socket)
  if (raw.headers[MARK] !== state?.word || !state) return
  const { rawHeaders, headers } = state.offer
  if (state.count >= MOST_RETURNS) response.shouldKeepAlive = false
  raw.rawHeaders = rawHeaders
  raw.headers = headers
}

/** The head of a request as it came, without its offer. */
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
