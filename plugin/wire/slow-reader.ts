/*
 * Closes a connection whose client reads too slowly. Socket.IO buffers what the client has not read in memory, without a limit.
 */

/** A packet of engine.io that waits to be written. */
interface CreatedPacket {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** The engine's socket, as far as its buffer is concerned. */
interface WatchedConnection {
  on(event: 'packetCreate', listener: (this: WithUnreadBytes, packet: CreatedPacket) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WithUnreadBytes) => void): unknown
  close(discard: boolean): void
}

const UNREAD = Symbol('unread bytes')

interface UnreadBytes {
  flushed: number
  created: number
  readonly limit: number
  readonly report: (bytes: number) => void
}

type WithUnreadBytes = WatchedConnection & { [UNREAD]: UnreadBytes }

/**
 * Closes a connection as soon as more than `limit` bytes (characters of a text) wait to be read.
 *
 * @param limit - 0 for no limit
 * @param report - called with the number of bytes before the connection is closed
 */
export function limitUnread(connection: WatchedConnection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  ;(connection as WithUnreadBytes)[UNREAD] = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// All connections share these listeners; `this` is the connection.
function create(this: WithUnreadBytes, { data }: CreatedPacket): void {
  const unread = this[UNREAD]
  unread.created += data?.length ?? data?.byteLength ?? 0
  if (unread.flushed + unread.created <= unread.limit) return
  unread.report(unread.flushed + unread.created)
  unread.created = 0
  this.close(true)
}

function flush(this: WithUnreadBytes): void {
  this[UNREAD].flushed += this[UNREAD].created
  this[UNREAD].created = 0
}

function drain(this: WithUnreadBytes): void {
  this[UNREAD].flushed = 0
}
