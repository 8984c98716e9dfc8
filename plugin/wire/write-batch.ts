import type { Server } from 'socket.io'
import { connectionStateOf } from './connection-state.js'
import { flushLater, type Writer } from './read-batch.js'
import { noteRawConnections, rawConnectionOf } from './websocket/engine-transports.js'

/*
 * Makes what is sent to a connection in one tick one write, for WebSockets of ws: engine.io keeps the packets of the tick, and
 * writes them at its end, while the raw connection is corked.
 */

/** engine.io's transport: its public part. */
interface BatchedTransport {
  /** Whether the engine may write. While it is false, the engine keeps what it is given. */
  writable: boolean
  /** `ready` makes the engine write what it has kept. */
  emit(event: 'ready'): boolean
}

/** engine.io's socket: its public part. */
interface BatchedConnection {
  readonly readyState: string
  readonly transport: BatchedTransport
  write(data: unknown, options?: WriteOptions, callback?: unknown): unknown
  close(discard?: boolean): unknown
}

/** The options of `write` of the engine's socket. */
interface WriteOptions {
  /** The frame of a broadcast, which passes the same options to all its connections: head and payload. */
  wsPreEncodedFrame?: unknown
}

/** As many characters are written before the end of the tick. */
const LONGEST_BATCH = 65_536

/** What a connection was given in this tick. */
export class WriteBatch implements Writer {
  readonly #connection: BatchedConnection
  readonly #transport: BatchedTransport
  #length = 0
  #isWritten = false

  constructor(connection: BatchedConnection) {
    this.#connection = connection
    this.#transport = connection.transport
    this.#transport.writable = false
    flushLater(this)
  }

  /** Makes room for more characters, or bytes: what was given before is written if all together are more than `longest`. */
  add(length: number, longest: number): void {
    this.#length += length
    if (this.#length > longest) this.flush()
  }

  flush(): void {
    if (this.#isWritten) return
    this.#isWritten = true
    connectionStateOf(this.#connection).writeBatch = undefined
    const raw = rawConnectionOf(this.#transport)
    raw?.cork()
    try {
      this.#transport.writable = true
      this.#transport.emit('ready')
    } finally {
      raw?.uncork()
    }
  }

  terminate(): void {
    this.#connection.close(true)
  }
}

/**
 * Batches the writes of all connections from now on.
 *
 * @param bytesWaiting - the limit of what waits for a client; 0 for no limit. A batch is not longer: it would exceed the limit
 * while the client reads all that was written.
 */
export function batchWrites(engine: Server['engine'], bytesWaiting: number): void {
  const longest = Math.min(LONGEST_BATCH, bytesWaiting || LONGEST_BATCH)

  /** In the place of `write` of the engine's socket. */
  function write(this: BatchedConnection, data: unknown, options?: WriteOptions, callback?: unknown): unknown {
    batchOf(this)?.add((data as string | Buffer).length, longest)
    if (options?.wsPreEncodedFrame) joinFrame(options)
    return Object.getPrototypeOf(this).write.call(this, data, options, callback)
  }

  noteRawConnections(engine)
  engine.on('connection', (connection: BatchedConnection) => {
    connection.write = write
    connection.close = close
  })
}

/** In the place of `close` of the engine's socket: without a batch, the engine would have written this. */
function close(this: BatchedConnection, discard?: boolean): unknown {
  if (discard) connectionStateOf(this).writeBatch?.flush()
  return Object.getPrototypeOf(this).close.call(this, discard)
}

/** The batch of this tick; undefined for a connection that can't write at once, or not over a WebSocket of ws. */
function batchOf(connection: BatchedConnection): WriteBatch | undefined {
  const state = connectionStateOf(connection)
  const { readyState, transport } = connection
  if (state.writeBatch || readyState !== 'open' || !transport.writable || !rawConnectionOf(transport)) return state.writeBatch
  state.writeBatch = new WriteBatch(connection)
  return state.writeBatch
}

/** Puts the two parts of a frame together, once for all connections of a broadcast: ws then writes one buffer and not two. */
function joinFrame(options: WriteOptions): void {
  const parts = options.wsPreEncodedFrame
  if (Array.isArray(parts) && parts.length === 2) options.wsPreEncodedFrame = [Buffer.concat(parts)]
}
