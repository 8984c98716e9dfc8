import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/*
 * Raw clients that send any bytes: TCP connections, WebSocket frames, polling and HTTP requests.
 */

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** The fields of a frame, valid or not. */
export interface FrameOptions {
  readonly isFinal?: boolean
  readonly isMasked?: boolean
  /** The reserved bits: 0x40, 0x20, 0x10. */
  readonly reserved?: number
  /** The declared length, if it differs from the payload's. */
  readonly length?: number | bigint
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Encodes a WebSocket frame of a client. */
export function frame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { isFinal = true, isMasked = true, reserved = 0, length } = options
  const body = Buffer.from(payload as string)
  const declared = length ?? body.length
  const maskBit = isMasked ? 0x80 : 0
  const head = Buffer.alloc(declared < 126 ? 2 : declared < 65_536 ? 4 : 10)
  head[0] = (isFinal ? 0x80 : 0) | reserved | opcode
  if (head.length === 2) head[1] = maskBit | Number(declared)
  else if (head.length === 4) head.writeUInt16BE(Number(declared), head.writeUInt8(maskBit | 126, 1))
  else head.writeBigUInt64BE(BigInt(declared), head.writeUInt8(maskBit | 127, 1))
  if (!isMasked) return Buffer.concat([head, body])
  for (let index = 0; index < body.length; index++) body[index] = (body[index] as number) ^ (MASK[index % 4] as number)
  return Buffer.concat([head, MASK, body])
}

/** Encodes the payload of a close frame. */
export function closing(code: number, reason: string | Uint8Array = ''): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason as string)])
  payload.writeUInt16BE(code)
  return payload
}

/** Encodes a request that opens a WebSocket. */
export function upgrade(target: string, headers: Record<string, string> = {}): string {
  return request('GET', target, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  })
}

/** Encodes an HTTP request, with the Content-Length of its body unless the headers have another. */
export function request(method: string, target: string, headers: Record<string, string> = {}, body = ''): string {
  const all = { host: 'localhost', ...(body && { 'content-length': String(Buffer.byteLength(body)) }), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A TCP connection with the bytes that were received and not read. */
export class TcpClient {
  readonly socket: Socket
  readonly ended: Promise<void>
  #bytes: Buffer = Buffer.alloc(0)
  #hasEnded = false
  #wake: () => void = () => {}

  /** @param to - a port of this machine, or a connection */
  constructor(to: number | Socket) {
    this.socket = typeof to === 'number' ? connect({ port: to, host: '127.0.0.1', noDelay: true }) : to
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => {
      this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#hasEnded = true
        this.#wake()
        resolve()
      })
    })
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Waits until `parse` returns a part of the bytes, and the remaining ones; undefined if the connection closes first. */
  async take<Part>(parse: (bytes: Buffer) => [part: Part, rest: Buffer] | undefined): Promise<Part | undefined> {
    for (;;) {
      const found = parse(this.#bytes)
      if (found) {
        this.#bytes = found[1]
        return found[0]
      }
      if (this.#hasEnded) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Reads one HTTP response; undefined if the connection closes first. */
  answer(isBodyless = false): Promise<Answer | undefined> {
    return this.take((bytes) => {
      const headEnd = bytes.indexOf('\r\n\r\n')
      if (headEnd < 0) return undefined
      const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
      const status = Number(head.slice(9, 12))
      const start = headEnd + 4
      const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1]
      if (length === undefined || isBodyless) return [{ status, body: '' }, bytes.subarray(start)]
      const end = start + Number(length)
      return bytes.length < end
        ? undefined
        : [{ status, body: bytes.toString('utf8', start, end) }, bytes.subarray(end)]
    })
  }

  async end(): Promise<void> {
    this.socket.destroy()
    await this.ended
  }
}

/** Sends bytes on a new connection and reads the response; undefined if the server closes it first. */
async function exchange(port: number, bytes: string | Uint8Array): Promise<Answer | undefined> {
  const tcp = new TcpClient(port)
  tcp.write(bytes)
  const answer = await tcp.answer()
  await tcp.end()
  return answer
}

/** A received message, or the close code (1006: closed without one). */
export type Message = string | Buffer | { readonly closed: number }

export const WEBSOCKET_TARGET = '/socket.io/?EIO=4&transport=websocket'
export const POLLING_TARGET = '/socket.io/?EIO=4&transport=polling'

/** A WebSocket whose every byte the test decides on. */
export class WireSocket {
  readonly tcp: TcpClient
  sid = ''
  #closed: number | undefined

  constructor(port: number) {
    this.tcp = new TcpClient(port)
  }

  /** Opens an engine session. The bytes of `head` are sent in one write with the request. */
  static async open(port: number, head?: Uint8Array): Promise<WireSocket> {
    const socket = new WireSocket(port)
    const bytes = Buffer.from(upgrade(WEBSOCKET_TARGET))
    socket.tcp.write(head ? Buffer.concat([bytes, head]) : bytes)
    const answer = await socket.tcp.answer()
    if (answer?.status !== 101) throw new Error(`The upgrade was answered with ${answer?.status}`)
    const open = await socket.next()
    if (typeof open === 'string') socket.sid = JSON.parse(open.slice(1)).sid
    return socket
  }

  /** Joins a namespace; throws if another message comes. */
  async join(namespace: string): Promise<void> {
    this.say(namespace === '/' ? '40' : `40${namespace},`)
    const message = await this.next()
    if (typeof message !== 'string' || !message.startsWith('40')) throw new Error(`Not joined: ${message}`)
  }

  /** Sends a text frame. */
  say(text: string): void {
    this.tcp.write(frame(OPCODE.text, text))
  }

  /** Reads the next message. Skips pongs, answers the engine's pings and a close frame. */
  async next(): Promise<Message> {
    for (;;) {
      const part = await this.tcp.take(parseFrame)
      if (!part) return { closed: this.#closed ?? 1006 }
      const { opcode, payload } = part
      const text = opcode === OPCODE.text ? payload.toString() : undefined
      // The engine's ping: without a pong the engine session would be closed.
      if (text === '2') this.say('3')
      else if (text !== undefined) return text
      if (opcode === OPCODE.binary) return payload
      if (opcode !== OPCODE.close) continue
      this.#closed = payload.length >= 2 ? payload.readUInt16BE() : 1005
      this.tcp.socket.end(frame(OPCODE.close))
      await this.tcp.ended
    }
  }

  end(): Promise<void> {
    return this.tcp.end()
  }
}

/** The first frame of a server, and the bytes behind it; undefined if it is not complete. */
export function parseFrame(bytes: Buffer): [part: { opcode: number; payload: Buffer }, rest: Buffer] | undefined {
  if (bytes.length < 2) return undefined
  const short = (bytes[1] as number) & 0x7f
  const start = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < start) return undefined
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  const end = start + length
  if (bytes.length < end) return undefined
  return [{ opcode: (bytes[0] as number) & 0x0f, payload: bytes.subarray(start, end) }, bytes.subarray(end)]
}

/** An engine session over polling. */
export class WirePolling {
  readonly #port: number
  readonly sid: string

  private constructor(port: number, sid: string) {
    this.#port = port
    this.sid = sid
  }

  static async open(port: number): Promise<WirePolling> {
    const answer = await exchange(port, request('GET', POLLING_TARGET))
    if (answer?.status !== 200) throw new Error(`The handshake was answered with ${answer?.status}`)
    return new WirePolling(port, JSON.parse(answer.body.slice(1)).sid)
  }

  get target(): string {
    return `${POLLING_TARGET}&sid=${this.sid}`
  }

  poll(): Promise<Answer | undefined> {
    return exchange(this.#port, request('GET', this.target))
  }

  post(body: string, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    return exchange(
      this.#port,
      request('POST', this.target, { 'content-length': `${Buffer.byteLength(body)}`, ...headers }, body),
    )
  }
}

/** Waits until the TCP connection is open. */
export async function connected(tcp: TcpClient): Promise<void> {
  if (tcp.socket.connecting) await once(tcp.socket, 'connect')
}
