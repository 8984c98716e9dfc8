import type { BudgetShare, RecoveryBudget } from './recovery-budget.js'

/*
 * Keeps the events that were sent, for clients that have missed them.
 */

/** Since when a socket receives the events of its namespace and of its rooms, each as the sequence of the last event before. */
export interface Membership {
  readonly since: number
  readonly rooms: Map<string, number>
}

/** An event that was sent. */
export interface SentEvent {
  /** Greater than that of any event before. */
  readonly sequence: number
  /** Milliseconds. */
  readonly at: number
  /** Empty: it was sent to the whole namespace. */
  readonly rooms: ReadonlySet<string>
  readonly except: ReadonlySet<string>
  /** The encoded packet: strings and attachments. */
  readonly encoded: readonly (string | Uint8Array)[]
}

// Measured: 200,000 events without a payload, each to one room.
const EVENT_BYTES = 600
const ROOM_BYTES = 100

export class SentLog {
  readonly #budget: RecoveryBudget
  // Dropped events at the start leave empty places, until they are half of the array.
  #events: (LoggedEvent | undefined)[] = []
  #start = 0
  /** The sequence of the last event that was dropped early. */
  #lost = 0

  constructor(budget: RecoveryBudget) {
    this.#budget = budget
  }

  get size(): number {
    return this.#events.length - this.#start
  }

  keep(sent: SentEvent): void {
    const bytes = sent.encoded.reduce((sum, { length }) => sum + length, weightOf(sent))
    // Added before it is counted: if it alone exceeds the limit, it is dropped at once.
    const kept: LoggedEvent = { sent, share: undefined }
    this.#events.push(kept)
    kept.share = this.#budget.take(this, bytes, sent.at)
  }

  /** The encoded events that a recoverable session has missed after a position, in order; undefined if some of them were dropped. */
  missedBy(membership: Membership, position: number): unknown[] | undefined {
    if (position < this.#lost) return undefined
    const events = this.#events.slice(this.#start) as LoggedEvent[]
    const first = events.findLastIndex(({ sent }) => sent.sequence <= position) + 1
    return events
      .slice(first)
      .filter(({ sent }) => isFor(sent, membership))
      .map(({ sent }) => sent.encoded)
  }

  /** Drops the oldest event. */
  drop(isEarly: boolean): void {
    const first = this.#events[this.#start] as LoggedEvent
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

/** The memory of a kept event in addition to its bytes. */
function weightOf({ rooms, except }: SentEvent): number {
  return EVENT_BYTES + ROOM_BYTES * (rooms.size + except.size)
}

interface LoggedEvent {
  readonly sent: SentEvent
  share: BudgetShare | undefined
}

/** Whether a socket had joined one of the event's rooms, and none of the excepted ones, when the event was sent. */
function isFor({ sequence, rooms, except }: SentEvent, membership: Membership): boolean {
  const wasIn = (room: string) => Number(membership.rooms.get(room)) < sequence
  return (rooms.size === 0 || [...rooms].some(wasIn)) && ![...except].some(wasIn)
}
