import { connectionStateOf, type WaitingBytes } from './connection-state.js'

/*
 * What waits for a slow reader. Socket.IO keeps it in memory, without end; here it has one.
 */

/** A packet that waits. */
interface Created {
  readonly data?: { readonly length?: number; readonly byteLength?: number }
}

/** What we need of the engine's socket. */
interface WaitingConnection {
  on(event: 'packetCreate', listener: (this: WaitingConnection, packet: Created) => void): unknown
  on(event: 'flush' | 'drain', listener: (this: WaitingConnection) => void): unknown
  close(discard: boolean): void
}

/**
 * Closes a connection when more than `limit` bytes (of a text: characters) wait to be read; `report` hears of it first.
 * 0 is no limit.
 */
export function boundBacklog(connection: WaitingConnection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  connectionStateOf(connection).waiting = { flushed: 0, created: 0, limit, report }
  connection.on('packetCreate', create)
  connection.on('flush', flush)
  connection.on('drain', drain)
}

// One for all: `this` is whose it is.
function create(this: WaitingConnection, { data }: Created): void {
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
