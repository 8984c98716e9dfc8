import type { FastifyBaseLogger } from 'fastify'
import type { Server, ServerOptions, Socket } from 'socket.io'
import type { Limits } from '../../shared/limits.js'
import { connectionStateOf } from '../connection-state.js'
import { deferBatch } from '../event-batch.js'
import { isWithinPacketLimits, type PacketLimits } from '../packet-limits.js'
import { beginReading, endReading } from '../read-batch.js'
import { createCompactor } from './compact-listeners.js'
import { FastConnection, type FastConnectionOptions, IDLE, type WriteOptions } from './fast-connection.js'
import {
  type Callback,
  type FrameReceiver,
  type FrameSender,
  hasPrivateFields,
  type PrivateClient,
  type PrivateConnection,
} from './private-fields.js'
import { findUntested, readVersions } from './tested-versions.js'

/*
 * Switches connections to the fast path: replaces the methods of engine.io and ws through which a connection reads and writes.
 * A connection stays on Socket.IO's own path where the installed versions, the options or the transport do not allow it.
 */

export interface FastPathOptions {
  readonly io: Server
  readonly options: Partial<ServerOptions>
  readonly limits: PacketLimits & Pick<Limits, 'bytesWaiting'>
  readonly receiverOf: FastConnectionOptions['receiverOf']
  readonly log: FastifyBaseLogger
}

/**
 * Switches the connection of a socket to the fast path; does nothing for one that has been switched before, and for one
 * that can't be.
 */
export type OpenFastConnection = (socket: Socket) => void

// Fast one of these options the application replaces what the fast path relies on.
const FOREIGN = ['parser', 'wsEngine'] as const

// A listener for one of these expects to see each packet, so it switches the fast path off.
const OF_A_CONNECTION = new Set(['data', 'message', 'packet', 'packetCreate', 'flush', 'drain'])
const OF_THE_ENGINE = new Set(['flush', 'drain'])

const LONGEST_BATCH = 65_536

const FAST_CONNECTION = Symbol('fast connection')

// Objects of ws, with our symbol on them.
type Fast<Owner> = Owner & { [FAST_CONNECTION]: FastConnection }

/**
 * Checks once whether the installed versions and the options allow the fast path. Logs the reason if they do not.
 *
 * @returns the function that switches one connection; it does nothing where the fast path is off
 */
export function createFastPath({ io, options, limits, receiverOf, log }: FastPathOptions): OpenFastConnection {
  const foreign = FOREIGN.find((name) => options[name] !== undefined)
  const obstacle = foreign ? `the application sets its own ${foreign}` : findUntested(readVersions())
  if (obstacle !== undefined) {
    log.info(`fast is off: ${obstacle}`)
    return () => {}
  }
  let isPossible = true
  let isEngineWatched = false
  const connectionOptions: FastConnectionOptions = {
    receiverOf,
    isWithinLimits: (data, characters) => isWithinPacketLimits(data, characters, limits),
    isWatched: (connection) => isEngineWatched || connectionStateOf(connection).isWatched,
    longestBatch: Math.min(LONGEST_BATCH, limits.bytesWaiting || LONGEST_BATCH),
  }
  io.engine.on('connection', (connection: PrivateConnection) => connection.on('newListener', noteListener))
  io.engine.on('newListener', (name: string) => {
    isEngineWatched ||= OF_THE_ENGINE.has(name)
  })

  function open(client: PrivateClient): void {
    const { conn } = client
    // A polling connection may also be upgraded to WebTransport.
    if (conn.transport.name !== 'websocket') return
    if (!isPossible || Object.keys(conn.transport.socket._extensions).length > 0) return
    isPossible = hasPrivateFields(client)
    if (!isPossible) {
      log.warn('fast is off: the installed socket.io, engine.io or ws lacks a private field that it uses')
      return
    }
    const fast = new FastConnection(client, connectionOptions)
    connectionStateOf(conn).fastConnection = fast
    attach(conn, fast)
    compactConnection(client)
  }

  return ({ client: stock }) => {
    const client = stock as unknown as PrivateClient
    const state = connectionStateOf(client.conn)
    if (state.fastConnection !== undefined || client.conn.protocol !== 4) return
    state.fastConnection = null
    if (client.conn.transport.name === 'websocket') open(client)
    else client.conn.once('upgrade', () => open(client))
  }
}

function noteListener(this: PrivateConnection, name: string): void {
  if (OF_A_CONNECTION.has(name)) connectionStateOf(this).isWatched = true
}

/** Replaces `write` of the engine's socket, `sendFrame` of ws, and `write` and `end` of the receiver of ws. */
function attach(connection: PrivateConnection, fast: FastConnection): void {
  const { _sender, _receiver } = connection.transport.socket
  const [sender, receiver] = [_sender as Fast<FrameSender>, _receiver as Fast<FrameReceiver>]
  // One assignment each, so that the objects keep a hidden class.
  connection.write = write
  sender[FAST_CONNECTION] = fast
  sender.sendFrame = sendFrame
  receiver[FAST_CONNECTION] = fast
  receiver.write = receive
  receiver.end = end
  forgetMask(receiver)
}

const compact = createCompactor()
const compactDecoder = createCompactor()

/** Saves memory: a connection stays open for long, and is idle most of the time. */
function compactConnection({ conn, decoder }: PrivateClient): void {
  const { socket } = conn.transport
  for (const emitter of [conn, conn.transport, socket, socket._socket]) compact(emitter)
  compactDecoder(decoder)
  // V8 reserves seventeen elements for an array after the first push. The copy has no spare room.
  conn.cleanupFn = conn.cleanupFn.slice()
}

function write(this: PrivateConnection, data: unknown, options?: WriteOptions, callback?: unknown): unknown {
  // engine.io also accepts a callback in the place of the options.
  const isCalled = callback !== undefined || typeof options === 'function'
  if (!isCalled && (typeof data === 'string' || Buffer.isBuffer(data))) {
    if ((connectionStateOf(this).fastConnection as FastConnection).send(data, options)) return this
  }
  return Object.getPrototypeOf(this).write.call(this, data, options, callback)
}

function sendFrame(this: Fast<FrameSender>, frames: readonly Buffer[], callback?: Callback): void {
  this[FAST_CONNECTION].flushByStream()
  Object.getPrototypeOf(this).sendFrame.call(this, frames, callback)
}

function receive(this: Fast<FrameReceiver>, chunk: Buffer, ...rest: unknown[]): boolean {
  beginReading()
  try {
    const read = this[FAST_CONNECTION].read(chunk, this)
    if (read > 0 && read === chunk.length) return true
    deferBatch()
    return Object.getPrototypeOf(this).write.call(this, chunk.subarray(read), ...rest)
  } finally {
    forgetMask(this)
    endReading()
  }
}

/** Drops the mask of the last frame: it is a slice that keeps the whole chunk in memory. */
function forgetMask(receiver: FrameReceiver): void {
  if (receiver._loop || receiver._state === IDLE) receiver._mask = undefined
}

/** Ignores a second end(): ws calls it for the stream and for the connection, and node creates an error for the second call. */
function end(this: FrameReceiver, ...rest: unknown[]): unknown {
  return this.writableEnded ? this : Object.getPrototypeOf(this).end.call(this, ...rest)
}
