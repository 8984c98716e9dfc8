import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import { destroyConnection, type RawConnection } from './raw-connection.js'
import { WebSocket } from './websocket.js'

/*
 * The opening handshake, RFC 6455 section 4.2, as engine.io's `wsEngine` option expects it: the part of ws' server with
 * `noServer` that engine.io uses. It negotiates no extension.
 */

export interface WebSocketServerOptions {
  /** Most bytes of a message; 0 for no limit. */
  readonly maxPayload?: number
}

/** A request that is not a handshake. */
interface HandshakeProblem {
  readonly status: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

const VERSIONS = [13, 8]
const KEY = /^[+/0-9A-Za-z]{22}==$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Emits `headers` with the lines of a response, to which a listener may add, and the request. */
export class WebSocketServer extends EventEmitter {
  readonly #maxPayload: number
  #isClosed = false

  constructor({ maxPayload = 0 }: WebSocketServerOptions = {}) {
    super()
    this.#maxPayload = maxPayload
  }

  /** Refuses later handshakes. Open WebSockets stay open. */
  close(): void {
    this.#isClosed = true
  }

  /**
   * Completes a handshake, or refuses it with a response of HTTP.
   *
   * @param head - the first bytes behind the request
   * @param done - called with the WebSocket, before this returns
   */
  handleUpgrade(
    request: IncomingMessage,
    connection: RawConnection,
    head: Buffer,
    done: (webSocket: WebSocket, request: IncomingMessage) => void,
  ): void {
    connection.on('error', destroyConnection)
    const protocols = readProtocols(request.headers['sec-websocket-protocol'])
    const problem = findProblem(request, protocols)
    if (problem) refuse(connection, problem)
    else if (!connection.readable || !connection.writable) connection.destroy()
    else if (this.#isClosed) refuse(connection, { status: 503, message: STATUS_CODES[503] as string })
    else {
      const headers = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(request)}`,
      ]
      if (protocols?.[0]) headers.push(`Sec-WebSocket-Protocol: ${protocols[0]}`)
      this.emit('headers', headers, request)
      connection.write(`${headers.join('\r\n')}\r\n\r\n`)
      connection.off('error', destroyConnection)
      done(new WebSocket(connection, head, this.#maxPayload), request)
    }
  }
}

function findProblem(
  { method, headers }: IncomingMessage,
  protocols: string[] | undefined,
): HandshakeProblem | undefined {
  if (method !== 'GET') return { status: 405, message: 'Invalid HTTP method' }
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, message: 'Invalid Upgrade header' }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    return { status: 400, message: 'Missing or invalid Sec-WebSocket-Key header' }
  }
  if (!VERSIONS.includes(Number(headers['sec-websocket-version']))) {
    const message = 'Missing or invalid Sec-WebSocket-Version header'
    return { status: 400, message, headers: { 'Sec-WebSocket-Version': VERSIONS.join(', ') } }
  }
  return protocols ? undefined : { status: 400, message: 'Invalid Sec-WebSocket-Protocol header' }
}

/** @returns the protocols that a client offers; undefined if the header is not valid */
function readProtocols(header: string | undefined): string[] | undefined {
  if (header === undefined) return []
  const protocols = header.split(',').map((protocol) => protocol.trim())
  // Not blank in HTTP, but for trim().
  if (header.includes('\u00a0')) return undefined
  const isValid = protocols.every((protocol) => TOKEN.test(protocol)) && new Set(protocols).size === protocols.length
  return isValid ? protocols : undefined
}

function acceptKey({ headers }: IncomingMessage): string {
  return createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64')
}

function refuse(connection: RawConnection, { status, message, headers }: HandshakeProblem): void {
  const fields = { Connection: 'close', 'Content-Type': 'text/html', 'Content-Length': message.length, ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  connection.once('finish', destroyConnection)
  connection.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${message}`)
}
