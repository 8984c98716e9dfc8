import type { FastifyInstance } from 'fastify'
import type { Socket as ServerSocket } from 'socket.io'
import type { Socket } from 'socket.io-client'
import { type Packet, PacketType } from 'socket.io-parser'
import type { Test } from 'tap'
import type WebSocket from 'ws'
import { join, next, until } from '../../harness.js'

/*
 * A client of Socket.IO that stops reading its TCP connection, so that what is sent to it waits in the server.
 */

/** What the engine keeps for a connection: private. */
interface Buffering {
  readonly transport: { readonly writable: boolean }
  readonly writeBuffer: readonly { readonly type: string }[]
}

/** Socket.IO's client of a connection: private. */
interface Sending {
  _packet(packet: Packet): void
}

export interface SlowClient {
  readonly socket: Socket
  /** Its socket on the server. */
  readonly peer: ServerSocket
  /** What it has received, without the blocks that filled its connection. */
  readonly events: unknown[][]
  /** How many packets wait for it in the server, as soon as those that came last are bounded. */
  waiting(): Promise<number>
  /** Stops reading, and returns when the system takes nothing more for it. */
  stall(): Promise<void>
  /** Reads again. */
  resume(): void
  /** Reads again, until an event with this name has come. */
  readUntil(event: string): Promise<void>
}

/** Stops reading on the client's side, and returns when the system takes nothing more from the server. */
export async function stallReading(socket: Socket, { conn, nsp, client }: ServerSocket): Promise<void> {
  webSocketOf(socket).pause()
  const { transport } = conn as unknown as Buffering
  // Past the adapter, so that recovery keeps none of them.
  while (transport.writable) {
    ;(client as unknown as Sending)._packet({ type: PacketType.EVENT, nsp: nsp.name, data: ['block', [BLOCK]] })
    for (let check = 0; check < CHECKS && !transport.writable; check++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** The client's WebSocket: private. */
export function webSocketOf({ io }: Socket): WebSocket {
  return (io.engine.transport as unknown as { readonly ws: WebSocket }).ws
}

const BLOCK = 'x'.repeat(1_000_000)
/** More checks than a write takes that the system completes. */
const CHECKS = 50

/** Joins over a WebSocket of its own. */
export async function joinSlowly(
  t: Test,
  app: FastifyInstance,
  port: number,
  name: string,
  options: Parameters<typeof join>[3] = {},
): Promise<SlowClient> {
  const known = new Set(app.io.of(name).sockets.keys())
  const socket = join(t, `http://127.0.0.1:${port}`, name, { transports: ['websocket'], ...options })
  const events: unknown[][] = []
  socket.onAny((...event) => event[0] !== 'block' && events.push(event))
  await next(socket, 'connect')
  const find = () => [...app.io.of(name).sockets.values()].find(({ id }) => !known.has(id))
  await until(() => find() !== undefined)
  const peer = find() as ServerSocket
  const connection = peer.conn as unknown as Buffering
  return {
    socket,
    peer,
    events,
    async waiting() {
      await new Promise((resolve) => setImmediate(resolve))
      return connection.writeBuffer.filter(({ type }) => type === 'message').length
    },

    stall: () => stallReading(socket, peer),

    resume: () => webSocketOf(socket).resume(),

    async readUntil(event) {
      webSocketOf(socket).resume()
      await until(() => events.some(([received]) => received === event))
    },
  }
}
