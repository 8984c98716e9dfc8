import type { Server } from 'socket.io'
import { connectionStateOf, type PendingWrites, type WriteOptions } from './connection-state.js'
import { type DiscardableConnection, discardConnection } from './discard-connection.js'
import { flushLater, longestBatch, type Writer } from './read-batch.js'
import { noteRawConnections, rawConnectionOf } from './websocket/engine-transports.js'

/*
 * Makes what is sent to a connection in one tick one write, for WebSockets of ws: engine.io keeps the packets of the tick, and
 * writes them at its end, while the raw connection is corked.
 */

/** engine.io's transport: its public part. */
interface BatchedTransport {
  readonly shouldClose?: (() => void) | null
  /** Whether the engine may write. While it is false, the engine keeps what it is given. */
  writable: boolean
  /** `ready` makes the engine write what it has kept. */
  emit(event: 'ready'): boolean
}

/** engine.io's socket: its public part. */
interface BatchedConnection extends DiscardableConnection {
  readonly transport: BatchedTransport
  write(data: unknown, options?: unknown, callback?: unknown): unknown
}

/** Logs what a listener of a connection has thrown while its packets were written. */
type ReportFailure = (error: unknown) => void

/** What a connection was given in this tick. */
class WriteBatch implements PendingWrites, Writer {
  readonly #connection: BatchedConnection
  readonly #report: ReportFailure
  readonly #transport: BatchedTransport
  #length = 0
  #isWritten = false

  constructor(connection: BatchedConnection, report: ReportFailure) {
    this.#connection = connection
    this.#report = report
    this.#transport = connection.transport
    this.#transport.writable = false
    flushLater(this)
  }

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

  terminate(error: unknown): void {
    this.#report(error)
    discardConnection(this.#connection)
  }
}

/**
 * Batches the writes of all connections from now on.
 *
 * @param bytesWaiting - `limits.bytesWaiting`; 0 for no limit
 * @param report - called before a connection is closed because one of its listeners has thrown
 */
export function batchWrites(engine: Server['engine'], bytesWaiting: number, report: ReportFailure): void {
  const longest = longestBatch(bytesWaiting)

  /** In the place of `write` of the engine's socket. */
  function write(this: BatchedConnection, data: unknown, options?: unknown, callback?: unknown): unknown {
    // A broadcast has one packet for a connection, and waits for nothing.
    const isBroadcast = (options as WriteOptions | undefined)?.preEncoded === true
    if (!isBroadcast && rawConnectionOf(this.transport)) batchOf(this)?.add(lengthOf(data), longest)
    return Object.getPrototypeOf(this).write.call(this, data, options, callback)
  }

  /** The batch of this tick; undefined for a connection that can't write now: the engine keeps what it is given. */
  function batchOf(connection: BatchedConnection): PendingWrites | undefined {
    const state = connectionStateOf(connection)
    if (!state.writeBatch && connection.readyState === 'open' && connection.transport.writable) {
      state.writeBatch = new WriteBatch(connection, report)
    }
    return state.writeBatch
  }

  noteRawConnections(engine)
  engine.on('connection', (connection: BatchedConnection) => {
    connection.write = write
    connection.close = close
  })
}

/** In the place of `close` of the engine's socket. What is kept until the end of the tick is sent before. */
function close(this: BatchedConnection, discard?: boolean): unknown {
  if (discard) connectionStateOf(this).writeBatch?.flush()
  return Object.getPrototypeOf(this).close.call(this, discard)
}

function lengthOf(data: unknown): number {
  if (typeof data === 'string') return data.length
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer ? data.byteLength : 0
}
