import type { RecoveryBudget, Share } from './recovery-budget.js'

/*
 * Events that were sent, kept for a while for those who have missed them.
 */

/** Since when a socket hears: the sequence of the last event before. */
export interface Presence {
  readonly since: number
  readonly rooms: Map<string, number>
}

/** An event that was sent. */
export interface Sent {
  /** Greater than that of every event before. */
  readonly sequence: number
  /** Milliseconds. */
  readonly at: number
  /** None: it was for everybody. */
  readonly rooms: ReadonlySet<string>
  readonly except: ReadonlySet<string>
  /** As it was on the wire: texts and attachments. */
  readonly encoded: readonly (string | Uint8Array)[]
}

// Measured: 200,000 events without a payload, each to one room.
const EVENT_BYTES = 600
const ROOM_BYTES = 100

export class SentLog {
  readonly #budget: RecoveryBudget
  // Of those at the start that have gone only their places are left, until they are half of it.
  #events: (Kept | undefined)[] = []
  #start = 0
  /** The sequence of the last event that had to go before its time. */
  #lost = 0

  constructor(budget: RecoveryBudget) {
    this.#budget = budget
  }

  get size(): number {
    return this.#events.length - this.#start
  }

  keep(sent: Sent): void {
    const bytes = sent.encoded.reduce((sum, { length }) => sum + length, weightOf(sent))
    // It is there before it is counted: it may be more than may be kept, and go at once.
    const kept: Kept = { sent, share: undefined }
    this.#events.push(kept)
    kept.share = this.#budget.take(this, bytes, sent.at)
  }

  /** What was sent after a position to somebody, in order, as it was on the wire; undefined where some of it has gone. */
  missedBy(presence: Presence, position: number): unknown[] | undefined {
    if (position < this.#lost) return undefined
    const events = this.#events.slice(this.#start) as Kept[]
    const first = events.findLastIndex(({ sent }) => sent.sequence <= position) + 1
    return events
      .slice(first)
      .filter(({ sent }) => isFor(sent, presence))
      .map(({ sent }) => sent.encoded)
  }

  /** Lets go of the first, which is the oldest. */
  drop(isEarly: boolean): void {
    const first = this.#events[this.#start] as Kept
    this.#events[this.#start++] = undefined
    if (isEarly) this.#lost = first.sent.sequence
    if (this.#start * 2 < this.#events.length) return
    this.#events = this.#events.slice(this.#start)
    this.#start = 0
  }

  clear(): void {
    for (const event of this.#events) if (event?.share) this.#budget.release(event.share)
    this.#events = []
    this.#start = 0
  }
}

/** What keeping an event takes beside its bytes. */
function weightOf({ rooms, except }: Sent): number {
  return EVENT_BYTES + ROOM_BYTES * (rooms.size + except.size)
}

interface Kept {
  readonly sent: Sent
  share: Share | undefined
}

/** It was for somebody who was in one of its rooms then, and in none of the excepted. */
function isFor({ sequence, rooms, except }: Sent, presence: Presence): boolean {
  const wasIn = (room: string) => Number(presence.rooms.get(room)) < sequence
  return (rooms.size === 0 || [...rooms].some(wasIn)) && ![...except].some(wasIn)
}
