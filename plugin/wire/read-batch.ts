import { takeTurn } from './event-batch.js'

/*
 * A piece of what a connection sends, as node hands it on: its events are handled when all of it is read, and what they
 * send is written when all are handled.
 */

/** Somebody with something to write. */
export interface Writer {
  flush(): void
}

// All of this process.
let unwritten: Writer[] = []

// The pieces that are being read, or whose events are being handled: what they send is written when they are done. There
// may be one within the other, of a client in this process.
let pieces = 0

/** Lets somebody write at the end of this piece, or of this turn of the loop. */
export function flushLater(writer: Writer): void {
  if (unwritten.push(writer) === 1 && pieces === 0) process.nextTick(flushAll)
}

/** A piece comes. */
export function beginReading(): void {
  pieces++
}

/** All of a piece has been read, by whom it may be: its events are handled. */
export function endReading(): void {
  if (pieces > 1) {
    pieces--
    return
  }
  try {
    takeTurn()
  } finally {
    pieces = 0
    flushAll()
  }
}

function flushAll(): void {
  if (unwritten.length === 0) return
  const writers = unwritten
  unwritten = []
  for (const writer of writers) writer.flush()
}
