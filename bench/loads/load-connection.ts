import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { Dialect } from '../dialect.js'
import { createFrame, createReader, type FrameListener, TEXT } from '../frames.js'

/*
 * A raw WebSocket connection of a load. It answers the engine's pings, and ends the process when it breaks.
 */

const PING = 0x32
const pong = createFrame(TEXT, Buffer.from('3'))

export interface LoadConnection {
  /** Called for every frame except pings. */
  hear: FrameListener
  /** Called after all frames of a chunk, to write once. */
  chunkEnd: () => void
  write(data: Buffer): void
  close(): void
}

export interface LoadConnectionOptions {
  readonly port: number
  readonly dialect: Dialect
  /** Sent in the query of the handshake. */
  readonly seat: number
  /** Header lines, each with CRLF. */
  readonly headers?: string
}

/** Connects. Resolves when the engine has opened, or without an engine after the upgrade. */
export async function openConnection({
  port,
  dialect,
  seat,
  headers = '',
}: LoadConnectionOptions): Promise<LoadConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const connection: LoadConnection = {
    hear: () => undefined,
    chunkEnd: () => undefined,
    write: (data) => void socket.write(data),
    close() {
      socket.removeAllListeners('close').destroy()
    },
  }
  const read = createReader((opcode, buffer, start, end) => {
    if (opcode > 2) throw new Error(`a control frame from the server: ${opcode}`)
    if (dialect.hasEngine && end - start === 1 && buffer[start] === PING) socket.write(pong)
    else connection.hear(opcode, buffer, start, end)
  })
  const opened = dialect.hasEngine ? nextText(connection) : undefined
  await new Promise<void>((resolve, reject) => {
    let head = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed by the server after: ${head || 'nothing'}`)))
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(head))
      socket.removeAllListeners()
      socket.on('error', raise).on('close', () => raise(new Error('a connection was closed by the server')))
      socket.on('data', (chunk) => {
        read(chunk)
        connection.chunkEnd()
      })
      if (head.length > end + 4) read(Buffer.from(head.slice(end + 4), 'latin1'))
      resolve()
    })
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET ${dialect.path}seat=${seat} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`,
    )
  })
  const text = await opened
  if (text !== undefined && !text.startsWith('0{')) throw new Error(`not opened: ${text}`)
  return connection
}

/** Joins a namespace. Rejects with the answer if it is refused. */
export async function join(connection: LoadConnection, namespace: string): Promise<void> {
  const answer = nextText(connection)
  connection.write(createFrame(TEXT, Buffer.from(`40${namespace},{"token":"abc"}`)))
  const text = await answer
  if (!text.startsWith(`40${namespace},`)) throw new Error(`not joined: ${text}`)
}

/** Leaves a namespace; the server does not answer. */
export function leave(connection: LoadConnection, namespace: string): void {
  connection.write(createFrame(TEXT, Buffer.from(`41${namespace},`)))
}

function nextText(connection: LoadConnection): Promise<string> {
  return new Promise((resolve) => {
    connection.hear = (_opcode, buffer, start, end) => resolve(buffer.toString('utf8', start, end))
  })
}

function raise(error: Error): never {
  throw error
}
