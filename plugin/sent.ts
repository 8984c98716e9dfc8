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
  /** As it was on the wire. */
  readonly encoded: unknown
}

export class SentLog {
  readonly #events: Sent[] = []

  get size(): number {
    return this.#events.length
  }

  keep(event: Sent): void {
    this.#events.push(event)
  }

  /** What was sent after a position to somebody, in order, and as it was on the wire. */
  missedBy(presence: Presence, position: number): unknown[] {
    const start = this.#events.findLastIndex(({ sequence }) => sequence <= position) + 1
    const missed = this.#events.slice(start).filter((event) => isFor(event, presence))
    return missed.map(({ encoded }) => encoded)
  }

  /** Forgets what was sent before a time. */
  forget(before: number): void {
    const kept = this.#events.findIndex(({ at }) => at >= before)
    this.#events.splice(0, kept < 0 ? this.#events.length : kept)
  }
}

/** It was for somebody who was in one of its rooms then, and in none of the excepted. */
function isFor({ sequence, rooms, except }: Sent, presence: Presence): boolean {
  const wasIn = (room: string) => Number(presence.rooms.get(room)) < sequence
  return (rooms.size === 0 || [...rooms].some(wasIn)) && ![...except].some(wasIn)
}
