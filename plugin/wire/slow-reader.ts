import { connectionStateOf, type WaitingBytes } from './connection-state.js'

/*
 * Closes a connection whose client reads too slowly. Socket.IO buffers what the client has not read in memory, without a limit.
 */

/** A packet of engine.io that waits to be written. */
interface CreatedPacket {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** The engine's socket, as far as its buffer is concerned. */
interface WaitingConnection {
  on(event: 'packetCreate', listener: (this: WaitingConnection, packet: CreatedPacket) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WaitingConnection) => void): unknown
  close(discard: boolean): void
}

/**
 * Closes a connection as soon as more than `limit` bytes (characters of a text) wait to be read.
 *
 * @param limit - 0 for no limit
 * @param report - called with the number of bytes before the connection is closed
 */
export function limitUnread(connection: WaitingConnection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  connectionStateOf(connection).waiting = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// All connections share these listeners; `this` is the connection.
function create(this: WaitingConnection, { data }: CreatedPacket): void {
  const waiting = waitingOf(this)
  waiting.created += data?.length ?? data?.byteLength ?? 0
  if (waiting.flushed + waiting.created <= waiting.limit) return
  waiting.report(waiting.flushed + waiting.created)
  waiting.created = 0
  this.close(true)
}

function flush(this: WaitingConnection): void {
  const waiting = waitingOf(this)
  waiting.flushed += waiting.created
  waiting.created = 0
}

function drain(this: WaitingConnection): void {
  waitingOf(this).flushed = 0
}

function waitingOf(connection: WaitingConnection): WaitingBytes {
  return connectionStateOf(connection).waiting as WaitingBytes
}
