import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'socket.io'

/*
 * What is private of socket.io, engine.io and ws, and what the fast lane needs of it: named here, and looked for before
 * anybody relies on it.
 */

export type Callback = (error?: Error | null) => void

/** Of ws: a connection, its writing and its reading end. */
export interface WebSocket {
  readonly _readyState: number
  readonly _extensions: object
  readonly _socket: Stream
  readonly _sender: Sender
  readonly _receiver: Receiver
}

/** Of node: the connection itself, and what its writing end is made of. */
interface Stream {
  readonly writable: boolean
  readonly writableLength: number
  readonly writableCorked: number
  write(text: string, encoding: 'latin1', callback: Callback): boolean
  _write(text: string, encoding: 'latin1', callback: Callback): void
}

export interface Sender {
  readonly _state: number
  sendFrame(frames: readonly Buffer[], callback?: Callback): void
}

export interface Receiver {
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

/** Of engine.io: a session, and its transport. */
export interface Connection {
  readonly protocol: number
  readonly transport: Transport
  readonly writeBuffer: readonly unknown[]
  readonly pingTimeoutTimer: NodeJS.Timeout | null
  readonly _readyState: string
  cleanupFn: readonly unknown[]
  hasRefreshedPingTimeout: boolean
  readonly server: { emit(event: 'drain', connection: Connection): boolean }
  write(data: unknown, options?: object, callback?: unknown): unknown
  emit(event: 'drain'): boolean
  on(event: 'newListener', listener: (this: Connection, name: string) => void): unknown
  once(event: 'upgrade', listener: () => void): unknown
}

export interface Transport {
  readonly name: string
  readonly socket: WebSocket
  writable: boolean
  emit(event: 'ready'): boolean
  onData(text: string): void
  onError(message: string, description?: string): void
}

/** Of engine.io: the server. */
export interface Engine {
  readonly middlewares: readonly unknown[]
  readonly ws: {
    handleUpgrade(raw: IncomingMessage, connection: Duplex, head: Buffer, done: (webSocket: unknown) => void): void
  }
  prepare(raw: IncomingMessage): void
  verify(raw: IncomingMessage, isUpgrade: boolean, done: (problem?: number) => void): void
  handleUpgrade(raw: IncomingMessage, connection: Duplex, head: Buffer): void
  onWebSocket(raw: IncomingMessage, connection: Duplex, webSocket: unknown): void
}

/** Of socket.io: the client of all sockets of a connection. */
export interface Client {
  readonly conn: Connection
  readonly nsps: ReadonlyMap<string, Socket>
  /** Our own, of codec.ts. */
  readonly decoder: { readonly isWaiting: boolean }
}

/** Whether a client whose transport is a WebSocket has all that is said above. */
export function hasSeams({ conn, nsps, decoder }: Client): boolean {
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

/** Whether an engine has all that an upgrade needs of it. */
export function isEngine(engine: object): engine is Engine {
  const { middlewares, ws, prepare, verify, handleUpgrade, onWebSocket } = engine as Partial<Engine>
  return Array.isArray(middlewares) && areOf('function', ws?.handleUpgrade, prepare, verify, handleUpgrade, onWebSocket)
}

function areOf(type: string, ...values: unknown[]): boolean {
  return values.every((value) => typeof value === type)
}
