import { connectionStateOf, type UnreadBytes } from './connection-state.js'
import { type DiscardableConnection, discardConnection } from './discard-connection.js'
import type { EmitQueues } from './waiting/emit-queues.js'
import { type BufferingConnection, bytesOf, WaitingEmits, type WaitingPacket } from './waiting/waiting-emits.js'

/*
 * Closes a connection whose client reads too slowly. Socket.IO buffers what the client has not read in memory, without a limit.
 */

/** The engine's socket, as far as its buffer is concerned. */
interface WatchedConnection extends DiscardableConnection {
  on(event: 'packetCreate', listener: (this: WatchedConnection, packet: WaitingPacket) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WatchedConnection) => void): unknown
}

/**
 * Closes a connection as soon as more than `limit` bytes (characters of a text) wait to be read.
 *
 * @param limit - 0 for no limit
 * @param report - called with the number of bytes before the connection is closed
 */
export function limitUnread(connection: WatchedConnection, limit: number, report: (bytes: number) => void): void {
  const most = limit === 0 ? Number.POSITIVE_INFINITY : limit
  connectionStateOf(connection).unread = { flushed: 0, created: 0, limit: most, report, waiting: undefined }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

/** Bounds the emits that wait for a connection, for which `limitUnread` was called. Called for each session that joins. */
export function boundWaiting(connection: object, queues: EmitQueues): void {
  const watched = connection as WatchedConnection & BufferingConnection
  const unread = unreadOf(watched)
  if (unread.waiting) unread.waiting.seal()
  else unread.waiting = new WaitingEmits(watched, queues, unread)
}

// All connections share these listeners; `this` is the connection.
function create(this: WatchedConnection, packet: WaitingPacket): void {
  const unread = unreadOf(this)
  unread.created += bytesOf(packet)
  unread.waiting?.note(packet)
  if (unread.flushed + unread.created <= unread.limit) return
  unread.report(unread.flushed + unread.created)
  unread.created = 0
  discardConnection(this)
}

function flush(this: WatchedConnection): void {
  const unread = unreadOf(this)
  unread.waiting?.flush()
  unread.flushed += unread.created
  unread.created = 0
}

function drain(this: WatchedConnection): void {
  unreadOf(this).flushed = 0
}

function unreadOf(connection: WatchedConnection): UnreadBytes {
  return connectionStateOf(connection).unread as UnreadBytes
}
