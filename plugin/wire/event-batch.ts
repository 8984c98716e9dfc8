/*
 * Collects the events of one read and hands them to their receivers when all of it is read, as Socket.IO does: a handler
 * that disconnects its socket then interrupts no decoder. An event behind a packet that Socket.IO handles in the next tick
 * waits for that tick, too.
 */

export interface EventReceiver {
  /**
   * @param data - the list of the event's name and arguments
   * @param id - the number of its ack; undefined if the client wants none
   */
  receive(data: readonly unknown[], id: number | undefined): void
}

interface BatchedEvent {
  readonly receiver: EventReceiver
  readonly data: readonly unknown[]
  readonly id: number | undefined
}

let first: BatchedEvent[] = []
let later: BatchedEvent[] | undefined
let isDeferred = false

/** Hands an event to its receiver at the end of this read, or in the next tick after deferBatch(). */
export function addToBatch(receiver: EventReceiver, data: readonly unknown[], id: number | undefined): void {
  if (!isDeferred) {
    first.push({ receiver, data, id })
    return
  }
  if (!later) {
    later = []
    process.nextTick(receiveAll, later)
  }
  later.push({ receiver, data, id })
}

/** Keeps the order behind a packet that Socket.IO handles in the next tick: later events wait for that tick. */
export function deferBatch(): void {
  later = undefined
  if (isDeferred) return
  isDeferred = true
  process.nextTick(endDefer)
}

function endDefer(): void {
  isDeferred = false
}

/** Hands on the events of this read. Call it when all of it is read. */
export function runBatch(): void {
  // A handler may cause more events: from a client in this process.
  while (first.length > 0) {
    const batch = first
    first = []
    receiveAll(batch)
  }
}

function receiveAll(batch: readonly BatchedEvent[]): void {
  if (later === batch) later = undefined
  for (const { receiver, data, id } of batch) receiver.receive(data, id)
}
