/*
 * What waits for a slow reader. Socket.IO keeps it in memory, without end; here it has one.
 */

/** A packet that waits. */
interface Created {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** What we need of the engine's socket. */
interface Connection {
  on(event: 'packetCreate', listener: (this: Bounded, packet: Created) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: Bounded) => void): unknown
  close(discard: boolean): void
}

const WAITING = Symbol('waiting')

interface Waiting {
  flushed: number
  created: number
  readonly limit: number
  readonly report: (bytes: number) => void
}

type Bounded = Connection & { [WAITING]: Waiting }

/**
 * Closes a connection when more than `limit` bytes (of a text: characters) wait to be read; `report` hears of it first.
 * 0 is no limit.
 */
export function boundBacklog(connection: Connection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  ;(connection as Bounded)[WAITING] = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// One for all: `this` is whose it is.
function create(this: Bounded, { data }: Created): void {
  const waiting = this[WAITING]
  waiting.created += data?.length ?? data?.byteLength ?? 0
  if (waiting.flushed + waiting.created <= waiting.limit) return
  waiting.report(waiting.flushed + waiting.created)
  waiting.created = 0
  this.close(true)
}

function flush(this: Bounded): void {
  this[WAITING].flushed += this[WAITING].created
  this[WAITING].created = 0
}

function drain(this: Bounded): void {
  this[WAITING].flushed = 0
}
