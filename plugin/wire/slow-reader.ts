/*
 * What waits for a slow reader. Socket.IO keeps it in memory, without end; here it has one.
 */

/** A packet that waits. */
interface Created {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** What we need of the engine's socket. */
interface WatchedConnection {
  on(event: 'packetCreate', listener: (this: WithUnreadBytes, packet: Created) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WithUnreadBytes) => void): unknown
  close(discard: boolean): void
}

const UNREAD = Symbol('waiting')

interface UnreadBytes {
  flushed: number
  created: number
  readonly limit: number
  readonly report: (bytes: number) => void
}

type WithUnreadBytes = WatchedConnection & { [UNREAD]: UnreadBytes }

/**
 * Closes a connection when more than `limit` bytes (of a text: characters) wait to be read; `report` hears of it first.
 * 0 is no limit.
 */
export function limitUnread(connection: WatchedConnection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  ;(connection as WithUnreadBytes)[UNREAD] = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// One for all: `this` is whose it is.
function create(this: WithUnreadBytes, { data }: Created): void {
  const waiting = this[UNREAD]
  waiting.created += data?.length ?? data?.byteLength ?? 0
  if (waiting.flushed + waiting.created <= waiting.limit) return
  waiting.report(waiting.flushed + waiting.created)
  waiting.created = 0
  this.close(true)
}

function flush(this: WithUnreadBytes): void {
  this[UNREAD].flushed += this[UNREAD].created
  this[UNREAD].created = 0
}

function drain(this: WithUnreadBytes): void {
  this[UNREAD].flushed = 0
}
