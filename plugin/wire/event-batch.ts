/*
 * Events that came in one piece wait here for its end, so that each is handled when all are read, as with Socket.IO: who
 * leaves in a handler takes nothing from under the decoder. What came behind something that Socket.IO has a turn of the
 * event loop for waits for a turn, too, also in the next piece.
 */

/** Takes one event. */
export interface EventReceiver {
  /** in: the list of its name and arguments, and the number of its ack. */
  receive(data: readonly unknown[], id: number | undefined): void
}

interface Waiting {
  readonly receiver: EventReceiver
  readonly data: readonly unknown[]
  readonly id: number | undefined
}

let first: Waiting[] = []
let later: Waiting[] | undefined
let isYielding = false

/** Hands an event to its receiver at the end of this piece, or of a turn. */
export function receiveInTurn(receiver: EventReceiver, data: readonly unknown[], id: number | undefined): void {
  if (!isYielding) {
    first.push({ receiver, data, id })
    return
  }
  if (!later) {
    later = []
    process.nextTick(take, later)
  }
  later.push({ receiver, data, id })
}

/** Something else has come, and has a turn of its own: what comes behind it stays behind it. */
export function yieldTurn(): void {
  later = undefined
  if (isYielding) return
  isYielding = true
  process.nextTick(endYield)
}

function endYield(): void {
  isYielding = false
}

/** The end of a piece. */
export function takeTurn(): void {
  // More may come while they are handled: from a client in this process.
  while (first.length > 0) {
    const turn = first
    first = []
    take(turn)
  }
}

function take(turn: readonly Waiting[]): void {
  if (later === turn) later = undefined
  for (const { receiver, data, id } of turn) receiver.receive(data, id)
}
