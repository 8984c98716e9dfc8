import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer as StockServer } from 'ws'
import { WebSocketServer as OurServer } from '../../../plugin/wire/websocket/websocket-server.js'

/*
 * The two WebSocket servers that tests compare, by what engine.io uses of them.
 */

/** A WebSocket of a server. */
export interface ServerSocket extends EventEmitter {
  readonly readyState: number
  send(data: string | Buffer, done?: (error?: Error) => void): void
  close(code?: number, reason?: string | Buffer): void
  terminate(): void
}

/** What engine.io calls a `wsEngine`. */
export interface SocketServer extends EventEmitter {
  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer, done: (socket: ServerSocket) => void): void
  close(): void
}

interface ServerOptions {
  readonly noServer: true
  readonly clientTracking: false
  readonly perMessageDeflate: false
  readonly maxPayload: number
}

type ServerClass = new (options: ServerOptions) => SocketServer

/** The server of ws, and ours. */
export const SERVERS = { stock: StockServer as unknown as ServerClass, ours: OurServer as ServerClass } as const
export type ServerName = keyof typeof SERVERS
export const SERVER_NAMES = Object.keys(SERVERS) as ServerName[]
