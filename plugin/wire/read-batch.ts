import { setImmediate } from 'node:timers'
import type { EventReceiver } from './connection-state.js'

/*
 * Groups the work of one read of a connection. Its events are handled when all of the chunk is read, as by Socket.IO: a handler
 * that disconnects its socket interrupts no decoder. What the handlers send is written when all of them have run. Where a read
 * has no begin and end (stock ws, polling), both happen in the next ticks. A relay waits longer: what all connections
 * relay in one iteration of the event loop is one write for each receiver.
 */

/** A connection with something to write. */
export interface Writer {
  /** Writes what was sent. */
  flush(): void
  /** Ends the connection because `flush` has thrown. The other connections are flushed. */
  terminate(error: unknown): void
}

/** A batch of more bytes, or characters of texts, is written before the end of the tick. */
export const LONGEST_BATCH = 65_536

/**
 * The length of the longest batch for a connection with a limit of what it may keep: a longer one would exceed the limit while the
 * client reads all that was written.
 *
 * @param bytesWaiting - `limits.bytesWaiting`; 0 for no limit
 */
export function longestBatch(bytesWaiting: number): number {
  return Math.min(LONGEST_BATCH, bytesWaiting || LONGEST_BATCH)
}

interface BatchedEvent {
  readonly receiver: EventReceiver
  readonly data: readonly unknown[]
  readonly id: number | undefined
  readonly isJson: boolean
}

// All of the whole process. A client in this process may nest one read in another.
let reads = 0
let events: BatchedEvent[] = []
let unwritten: Writer[] = []

// Writers that wait for the end of the iteration.
let late: Writer[] = []
let isLate = false

// Events that wait for the next tick.
let deferred: BatchedEvent[] | undefined
let isDeferred = false

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
    // A handler may cause more events: from a client in this process.
    while (events.length > 0) {
      const batch = events
      events = []
      receiveAll(batch)
    }
  } finally {
    reads = 0
    flushAll()
  }
}

/**
 * Hands an event to its receiver: at the end of this read; in the next tick after deferBatch(), or outside a read.
 *
 * @param data - the list of the event's name and arguments
 * @param id - the number of its ack; undefined if the client wants none
 * @param isJson - whether the list was parsed from JSON
 */
export function addToBatch(
  receiver: EventReceiver,
  data: readonly unknown[],
  id: number | undefined,
  isJson: boolean,
): void {
  if (!isDeferred && reads > 0) {
    events.push({ receiver, data, id, isJson })
    return
  }
  if (!deferred) {
    deferred = []
    process.nextTick(receiveDeferred, deferred)
  }
  deferred.push({ receiver, data, id, isJson })
}

/** Keeps the order behind a packet that Socket.IO handles in the next tick: later events wait for that tick. */
export function deferBatch(): void {
  deferred = undefined
  if (isDeferred) return
  isDeferred = true
  process.nextTick(endDefer)
}

function endDefer(): void {
  isDeferred = false
}

function receiveDeferred(batch: readonly BatchedEvent[]): void {
  if (deferred === batch) deferred = undefined
  beginReading()
  receiveAll(batch)
  endReading()
}

/** A receiver that throws ends its own connection, and no other. */
function receiveAll(batch: readonly BatchedEvent[]): void {
  for (const { receiver, data, id, isJson } of batch) {
    try {
      receiver.receive(data, id, isJson)
    } catch (error) {
      endConnection(() => receiver.abort(error))
    }
  }
}

/** A throw here would stop the work of other connections. */
function endConnection(end: () => void): void {
  try {
    end()
  } catch {
    // The connection could not be ended: it ends with its pings.
  }
}

/**
 * Calls `flush` at the end of this read; outside a read, in the next tick; in sendLate(), at the end of this iteration of the event loop.
 *
 * @returns whether it waits for the end of the iteration
 */
export function flushLater(writer: Writer): boolean {
  if (isLate) {
    if (late.push(writer) === 1) setImmediate(flushLate)
  } else if (unwritten.push(writer) === 1 && reads === 0) process.nextTick(flushAll)
  return isLate
}

/** Whether sendLate() is running. */
export function isSendingLate(): boolean {
  return isLate
}

/** Calls `send`. What it sends is written at the end of this iteration, when the chunks of all connections are read. */
export function sendLate(send: () => void): void {
  isLate = true
  try {
    send()
  } finally {
    isLate = false
  }
}

function flushAll(): void {
  if (unwritten.length === 0) return
  const writers = unwritten
  unwritten = []
  flushEach(writers)
}

function flushLate(): void {
  const writers = late
  late = []
  flushEach(writers)
}

function flushEach(writers: readonly Writer[]): void {
  for (const writer of writers) {
    try {
      writer.flush()
    } catch (error) {
      endConnection(() => writer.terminate(error))
    }
  }
}
