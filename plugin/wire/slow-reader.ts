import { connectionStateOf, type UnreadBytes } from './connection-state.js'
import { type DiscardableConnection, discardConnection } from './discard-connection.js'

/*
 * Closes a connection whose client reads too slowly. Socket.IO buffers what the client has not read in memory, without a limit.
 */

/** A packet of engine.io that waits to be written. */
interface CreatedPacket {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** The engine's socket, as far as its buffer is concerned. */
interface WatchedConnection extends DiscardableConnection {
  on(event: 'packetCreate', listener: (this: WatchedConnection, packet: CreatedPacket) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WatchedConnection) => void): unknown
}

/**
 * Closes a connection as soon as more than `limit` bytes (characters of a text) wait to be read.
 *
 * @param limit - 0 for no limit
 * @param report - called with the number of bytes before the connection is closed
 */
export function limitUnread(connection: WatchedConnection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  connectionStateOf(connection).unread = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// All connections share these listeners; `this` is the connection.
function create(this: WatchedConnection, { data }: CreatedPacket): void {
  const unread = unreadOf(this)
  unread.created += data?.length ?? data?.byteLength ?? 0
  if (unread.flushed + unread.created <= unread.limit) return
  unread.report(unread.flushed + unread.created)
  unread.created = 0
  discardConnection(this)
}

function flush(this: WatchedConnection): void {
  const unread = unreadOf(this)
  unread.flushed += unread.created
  unread.created = 0
}

function drain(this: WatchedConnection): void {
  unreadOf(this).flushed = 0
}

function unreadOf(connection: WatchedConnection): UnreadBytes {
  return connectionStateOf(connection).unread as UnreadBytes
}
