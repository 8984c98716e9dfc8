/*
 * Events that came in one piece wait here for its end, so that each is handled when all are read, as with Socket.IO: who
 * leaves in a handler takes nothing from under the decoder. One turn of the event loop for all of them.
 */

/** Takes one event. */
export interface EventReceiver {
  receive(data: readonly unknown[], id: number | undefined): void
}

interface Waiting {
  readonly receiver: EventReceiver
  readonly data: readonly unknown[]
  readonly id: number | undefined
}

let current: Waiting[] | undefined

/** Hands an event to its receiver, behind those of this turn. */
export function receiveInTurn(receiver: EventReceiver, data: readonly unknown[], id: number | undefined): void {
  if (!current) {
    current = []
    process.nextTick(take, current)
  }
  current.push({ receiver, data, id })
}

/** Something else has come in, with a turn of its own: events behind it stay behind it. */
export function endTurn(): void {
  current = undefined
}

function take(turn: readonly Waiting[]): void {
  if (current === turn) current = undefined
  for (const { receiver, data, id } of turn) receiver.receive(data, id)
}
