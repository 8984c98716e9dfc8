import { runBatch } from './event-batch.js'

/*
 * Groups the work of one read of a connection: its events are handled when all of the chunk is read, and what their handlers
 * send is written when all of them have run.
 */

/** A connection with something to write. */
export interface Writer {
  flush(): void
}

// Of all connections of the process.
let unwritten: Writer[] = []

// Reads whose events are not handled yet. A client in this process may nest one read in another.
let reads = 0

/** Calls `flush` at the end of this read; outside a read, in the next tick. */
export function flushLater(writer: Writer): void {
  if (unwritten.push(writer) === 1 && reads === 0) process.nextTick(flushAll)
}

/** Call it before a chunk is read. */
export function beginReading(): void {
  reads++
}

/** Call it when a chunk is read: handles its events, then writes what they have sent. */
export function endReading(): void {
  if (reads > 1) {
    reads--
    return
  }
  try {
    runBatch()
  } finally {
    reads = 0
    flushAll()
  }
}

function flushAll(): void {
  if (unwritten.length === 0) return
  const writers = unwritten
  unwritten = []
  for (const writer of writers) writer.flush()
}
