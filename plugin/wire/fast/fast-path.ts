import type { Server, ServerOptions, Socket } from 'socket.io'
import type { Limits } from '../../shared/limits.js'
import { connectionStateOf, type WriteOptions } from '../connection-state.js'
import { isWithinPacketLimits, type PacketLimits } from '../packet-limits.js'
import { isSendingLate, longestBatch } from '../read-batch.js'
import { noteWebSockets, webSocketOf } from '../websocket/engine-transports.js'
import { createCompactor } from './compact-listeners.js'
import { type EngineConnection, FastConnection, type FastConnectionOptions } from './fast-connection.js'

/*
 * Switches connections to the fast path: those over a WebSocket of ours. All others stay on Socket.IO's own path.
 */

export interface FastPathOptions {
  readonly io: Server
  readonly options: Partial<ServerOptions>
  readonly limits: PacketLimits & Pick<Limits, 'bytesWaiting'>
  readonly report: FastConnectionOptions['report']
}

/**
 * Switches the connection of a socket to the fast path; does nothing for one that has been switched before, and for one
 * that can't be.
 */
export type OpenFastConnection = (socket: Pick<Socket, 'conn' | 'client'>) => void

// A listener for one of these expects to see each packet, so it switches the fast path off.
const OF_A_CONNECTION = new Set(['data', 'message', 'packet', 'packetCreate', 'flush', 'drain'])
const OF_THE_ENGINE = new Set(['flush', 'drain'])

// Methods of the engine's socket or its transport.
const OWN_METHODS = ['write', 'sendPacket', 'send', 'onPacket']
const ENGINE_LISTENERS = 1

/** A connection with the events that are listened for here. */
interface ObservedConnection extends EngineConnection {
  on(event: 'newListener', listener: (this: EngineConnection, name: string) => void): unknown
  on(event: 'packetCreate', listener: (this: EngineConnection, packet: { readonly type: string }) => void): unknown
  once(event: 'upgrade', listener: () => void): unknown
}

/** Socket.IO's client of a connection. */
interface EngineClient {
  readonly conn: EngineConnection
  writeToEngine(packets: readonly unknown[], options: WriteOptions): void
}

/** Call it when all of the plugin's own listeners are on the engine: those of the application switch the fast path off. */
export function createFastPath({ io, options, limits, report }: FastPathOptions): OpenFastConnection {
  let isEngineWatched = false
  const connectionOptions: FastConnectionOptions = {
    isText: options.parser === undefined,
    isWithinLimits: (data, characters) => isWithinPacketLimits(data, characters, limits),
    isEngineWatched: () => isEngineWatched,
    longestBatch: longestBatch(limits.bytesWaiting),
    emitDrain: (connection) => void io.engine.emit('drain', connection),
    report,
  }
  noteWebSockets(io.engine)
  io.engine.on('connection', (connection: ObservedConnection) => {
    connection.on('packetCreate', notePacket)
    connection.on('newListener', noteListener)
  })
  io.engine.on('newListener', (name: string) => {
    isEngineWatched ||= OF_THE_ENGINE.has(name)
  })

  function open(connection: ObservedConnection): void {
    const webSocket = webSocketOf(connection.transport)
    if (!webSocket || isReplaced(connection)) return
    const fast = new FastConnection(connection, webSocket, connectionOptions)
    const state = connectionStateOf(connection)
    state.fastConnection = fast
    webSocket.attach(fast)
    connection.write = write
    for (const emitter of [connection, connection.transport, webSocket]) compact(emitter)
    compact(webSocket.connection, unwrapClose)
    if (state.decoder) compactDecoder(state.decoder)
  }

  return ({ conn, client }) => {
    const connection = conn as unknown as ObservedConnection
    const state = connectionStateOf(connection)
    if (state.fastConnection !== undefined || connection.protocol !== 4) return
    state.fastConnection = null
    ;(client as unknown as EngineClient).writeToEngine = writeToEngine
    // A connection that polls may be upgraded later.
    if (connection.transport.name === 'polling') connection.once('upgrade', () => open(connection))
    else open(connection)
  }
}

/** Whether the application has replaced a method that would be called for each packet, or listens for those of the transport. */
function isReplaced(connection: ObservedConnection): boolean {
  const { transport } = connection
  return (
    OWN_METHODS.some((name) => Object.hasOwn(connection, name) || Object.hasOwn(transport, name)) ||
    transport.listenerCount('packet') > ENGINE_LISTENERS
  )
}

function noteListener(this: EngineConnection, name: string): void {
  if (OF_A_CONNECTION.has(name)) connectionStateOf(this).isWatched = true
}

function notePacket(this: EngineConnection, { type }: { readonly type: string }): void {
  connectionStateOf(this).fastConnection?.noteEnginePacket(type === 'ping')
}

// A connection stays open for long, and is idle most of the time.
const compact = createCompactor()
const compactDecoder = createCompactor()

/** A raw connection emits `close` once: the wrapper that node puts around a listener of `once` does nothing. */
const unwrapClose: Parameters<typeof compact>[1] = (listener, event) =>
  event === 'close' ? (listener.listener ?? listener) : listener

/**
 * In the place of `writeToEngine` of Socket.IO's client. While packets are collected, the connection is not writable, and Socket.IO drops
 * what is volatile. A relay joins them, and so does any volatile emit that comes while relays are collected: their client can receive one more.
 */
function writeToEngine(this: EngineClient, packets: readonly unknown[], options: WriteOptions): void {
  const fast = connectionStateOf(this.conn).fastConnection
  if (fast && (isSendingLate() || fast.isLate) && fast.isClear) {
    for (const packet of packets) this.conn.write(packet, options)
  } else Object.getPrototypeOf(this).writeToEngine.call(this, packets, options)
}

/** In the place of `write` of the engine's socket. */
function write(this: EngineConnection, data: unknown, options?: WriteOptions, callback?: unknown): unknown {
  // engine.io also accepts a callback in the place of the options.
  const isCalled = callback !== undefined || typeof options === 'function'
  if (!isCalled && (typeof data === 'string' || Buffer.isBuffer(data))) {
    if (connectionStateOf(this).fastConnection?.send(data, options)) return this
  }
  return Object.getPrototypeOf(this).write.call(this, data, options, callback)
}
