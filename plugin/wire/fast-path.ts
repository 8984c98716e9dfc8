import type { FastifyBaseLogger } from 'fastify'
import type { Server, ServerOptions, Socket } from 'socket.io'
import type { Limits } from '../shared/limits.js'
import { createCompact } from './compact-listeners.js'
import { connectionStateOf } from './connection-state.js'
import { yieldTurn } from './event-batch.js'
import { IDLE, Lane, type LaneOptions, type WriteOptions } from './fast-connection.js'
import { type Bounds, isWithinBounds } from './packet-limits.js'
import { type Callback, type Client, type Connection, hasSeams, type Receiver, type Sender } from './private-fields.js'
import { beginReading, endReading } from './read-batch.js'
import { findUntested, readVersions } from './tested-versions.js'

/*
 * Opens the fast lanes of a server's connections, where they can be.
 */

export interface LanesOptions {
  readonly io: Server
  readonly options: Partial<ServerOptions>
  readonly limits: Bounds & Pick<Limits, 'bytesWaiting'>
  readonly receiverOf: LaneOptions['receiverOf']
  readonly log: FastifyBaseLogger
}

/** Opens the lane of a socket's connection, if it is not open yet; where it can't be, all goes the long way. */
export type OpenLane = (socket: Socket) => void

// What the application may have of its own, and is not ours to know.
const FOREIGN = ['parser', 'wsEngine'] as const

// Who listens for these to a connection, or to the engine, wants to see each packet, and sees it.
const OF_A_CONNECTION = new Set(['data', 'message', 'packet', 'packetCreate', 'flush', 'drain'])
const OF_THE_ENGINE = new Set(['flush', 'drain'])

const LONGEST_BATCH = 65_536

const LANE = Symbol('lane')

// On the objects of others.
type With<Owner> = Owner & { [LANE]: Lane }

/** Looks once whether lanes can be, on what is installed and with these options; where not, the log says why. */
export function createLanes({ io, options, limits, receiverOf, log }: LanesOptions): OpenLane {
  const foreign = FOREIGN.find((name) => options[name] !== undefined)
  const obstacle = foreign ? `the application has a ${foreign} of its own` : findUntested(readVersions())
  if (obstacle !== undefined) {
    log.info(`fast is off: ${obstacle}`)
    return () => {}
  }
  let isPossible = true
  let isEngineWatched = false
  const laneOptions: LaneOptions = {
    receiverOf,
    isWithinLimits: (data, characters) => isWithinBounds(data, characters, limits),
    isWatched: (connection) => isEngineWatched || connectionStateOf(connection).isWatched,
    longestBatch: Math.min(LONGEST_BATCH, limits.bytesWaiting || LONGEST_BATCH),
  }
  io.engine.on('connection', (connection: Connection) => connection.on('newListener', heedListener))
  io.engine.on('newListener', (name: string) => {
    isEngineWatched ||= OF_THE_ENGINE.has(name)
  })

  function open(client: Client): void {
    const { conn } = client
    // Polling is upgraded to WebTransport, too.
    if (conn.transport.name !== 'websocket') return
    if (!isPossible || Object.keys(conn.transport.socket._extensions).length > 0) return
    isPossible = hasSeams(client)
    if (!isPossible) {
      log.warn('fast is off: what is installed is not what it was tested with')
      return
    }
    const lane = new Lane(client, laneOptions)
    connectionStateOf(conn).fastConnection = lane
    attach(conn, lane)
    compactConnection(client)
  }

  return ({ client: stock }) => {
    const client = stock as unknown as Client
    const state = connectionStateOf(client.conn)
    if (state.fastConnection !== undefined || client.conn.protocol !== 4) return
    state.fastConnection = null
    if (client.conn.transport.name === 'websocket') open(client)
    else client.conn.once('upgrade', () => open(client))
  }
}

function heedListener(this: Connection, name: string): void {
  if (OF_A_CONNECTION.has(name)) connectionStateOf(this).isWatched = true
}

/** Puts the lane where the engine writes, and where ws writes and reads. */
function attach(connection: Connection, lane: Lane): void {
  const { _sender, _receiver } = connection.transport.socket
  const [sender, receiver] = [_sender as With<Sender>, _receiver as With<Receiver>]
  // One by one: an object of a shape stays one.
  connection.write = write
  sender[LANE] = lane
  sender.sendFrame = sendFrame
  receiver[LANE] = lane
  receiver.write = receive
  receiver.end = end
  forgetMask(receiver)
}

const compact = createCompact()
const compactDecoder = createCompact()

/** It is kept for as long as it is open, and most of the time it is idle. */
function compactConnection({ conn, decoder }: Client): void {
  const { socket } = conn.transport
  for (const emitter of [conn, conn.transport, socket, socket._socket]) compact(emitter)
  compactDecoder(decoder)
  // A list that was pushed to has room for seventeen.
  conn.cleanupFn = conn.cleanupFn.slice()
}

function write(this: Connection, data: unknown, options?: WriteOptions, callback?: unknown): unknown {
  // The engine takes a callback in the place of options, too.
  const isCalled = callback !== undefined || typeof options === 'function'
  if (!isCalled && (typeof data === 'string' || Buffer.isBuffer(data))) {
    if ((connectionStateOf(this).fastConnection as Lane).send(data, options)) return this
  }
  return Object.getPrototypeOf(this).write.call(this, data, options, callback)
}

function sendFrame(this: With<Sender>, frames: readonly Buffer[], callback?: Callback): void {
  this[LANE].flushByStream()
  Object.getPrototypeOf(this).sendFrame.call(this, frames, callback)
}

function receive(this: With<Receiver>, chunk: Buffer, ...rest: unknown[]): boolean {
  beginReading()
  try {
    const read = this[LANE].read(chunk, this)
    if (read > 0 && read === chunk.length) return true
    yieldTurn()
    return Object.getPrototypeOf(this).write.call(this, chunk.subarray(read), ...rest)
  } finally {
    forgetMask(this)
    endReading()
  }
}

/** The mask of a frame that was read, and with it the whole chunk that it came in. */
function forgetMask(receiver: Receiver): void {
  if (receiver._loop || receiver._state === IDLE) receiver._mask = undefined
}

/** ws ends it with the stream and with the connection, and an error would be made of the second end, which nobody hears of. */
function end(this: Receiver, ...rest: unknown[]): unknown {
  return this.writableEnded ? this : Object.getPrototypeOf(this).end.call(this, ...rest)
}
