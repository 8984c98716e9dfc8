import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'socket.io'

/*
 * The private fields of socket.io, engine.io and ws that the fast path and the upgrades use, as types, and the checks that they
 * exist. The fast path stays off if one is missing.
 */

export type Callback = (error?: Error | null) => void

/** ws: a WebSocket, with its sender and its receiver. */
export interface WebSocket {
  readonly _readyState: number
  readonly _extensions: object
  readonly _socket: PrivateStream
  readonly _sender: FrameSender
  readonly _receiver: FrameReceiver
}

/** node: the stream of the connection. `_write` bypasses its buffer. */
interface PrivateStream {
  readonly writable: boolean
  readonly writableLength: number
  readonly writableCorked: number
  write(text: string, encoding: 'latin1', callback: Callback): boolean
  _write(text: string, encoding: 'latin1', callback: Callback): void
}

export interface FrameSender {
  readonly _state: number
  sendFrame(frames: readonly Buffer[], callback?: Callback): void
}

export interface FrameReceiver {
  readonly _state: number
  readonly _bufferedBytes: number
  readonly _fragmented: number
  readonly _maxPayload: number
  readonly _loop: boolean
  _mask: Buffer | undefined
  readonly writableLength: number
  readonly writableEnded: boolean
  write(chunk: Buffer, ...rest: unknown[]): boolean
  end(...rest: unknown[]): unknown
}

/** engine.io: its socket. */
export interface PrivateConnection {
  readonly protocol: number
  readonly transport: PrivateTransport
  readonly writeBuffer: readonly unknown[]
  readonly pingTimeoutTimer: NodeJS.Timeout | null
  readonly _readyState: string
  cleanupFn: readonly unknown[]
  hasRefreshedPingTimeout: boolean
  readonly server: { emit(event: 'drain', connection: PrivateConnection): boolean }
  write(data: unknown, options?: object, callback?: unknown): unknown
  emit(event: 'drain'): boolean
  on(event: 'newListener', listener: (this: PrivateConnection, name: string) => void): unknown
  once(event: 'upgrade', listener: () => void): unknown
}

export interface PrivateTransport {
  readonly name: string
  readonly socket: WebSocket
  writable: boolean
  emit(event: 'ready'): boolean
  onData(text: string): void
  onError(message: string, description?: string): void
}

/** engine.io: its server. */
export interface PrivateEngine {
  readonly middlewares: readonly unknown[]
  readonly ws: {
    handleUpgrade(raw: IncomingMessage, connection: Duplex, head: Buffer, done: (webSocket: unknown) => void): void
  }
  prepare(raw: IncomingMessage): void
  verify(raw: IncomingMessage, isUpgrade: boolean, done: (problem?: number) => void): void
  handleUpgrade(raw: IncomingMessage, connection: Duplex, head: Buffer): void
  onWebSocket(raw: IncomingMessage, connection: Duplex, webSocket: unknown): void
}

/** socket.io: the client of all sockets of a connection. */
export interface PrivateClient {
  readonly conn: PrivateConnection
  readonly nsps: ReadonlyMap<string, Socket>
  /** The plugin's own decoder: packet-codec.ts. */
  readonly decoder: { readonly isWaiting: boolean }
}

/** Whether a client whose transport is a WebSocket has all the fields above. */
export function hasPrivateFields({ conn, nsps, decoder }: PrivateClient): boolean {
  const { transport } = conn
  const { _sender, _receiver, _socket, _extensions, _readyState } = transport.socket
  return (
    nsps instanceof Map &&
    Array.isArray(conn.writeBuffer) &&
    Array.isArray(conn.cleanupFn) &&
    areOf(
      'boolean',
      decoder?.isWaiting,
      conn.hasRefreshedPingTimeout,
      transport.writable,
      _receiver?._loop,
      _receiver?.writableEnded,
      _socket?.writable,
    ) &&
    areOf('string', conn._readyState, transport.name) &&
    areOf('object', conn.pingTimeoutTimer, _extensions) &&
    areOf('number', _readyState, _sender?._state, _receiver?._state, _receiver?._bufferedBytes) &&
    areOf('number', _receiver?._fragmented, _receiver?._maxPayload, _receiver?.writableLength) &&
    areOf(
      'function',
      conn.write,
      conn.emit,
      conn.server?.emit,
      transport.onData,
      transport.onError,
      _socket?.write,
      _socket?._write,
    ) &&
    areOf('function', _sender?.sendFrame, _receiver?.write, _receiver?.end)
  )
}

/** Whether an engine has the fields that an upgrade without a response needs. */
export function isPrivateEngine(engine: object): engine is PrivateEngine {
  const { middlewares, ws, prepare, verify, handleUpgrade, onWebSocket } = engine as Partial<PrivateEngine>
  return Array.isArray(middlewares) && areOf('function', ws?.handleUpgrade, prepare, verify, handleUpgrade, onWebSocket)
}

function areOf(type: string, ...values: unknown[]): boolean {
  return values.every((value) => typeof value === type)
}
