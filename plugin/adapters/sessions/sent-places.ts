/*
 * Up to which place of the log something was sent to which rooms. A socket whose client has received that much, and hears nothing
 * else, needs nothing from before the place that its node has read: entries for others may be gone from the log.
 */

/** A place at which something was sent. */
export interface SentPlace {
  /** One more for each place that follows. */
  readonly number: number
  readonly offset: string
}

export class SentPlaces {
  readonly #rooms = new Map<string, SentPlace>()
  #toAll: SentPlace | undefined
  #number = 1

  /** A place of the log as if something was sent there now. */
  placeOf(offset: string): SentPlace {
    return { number: this.#number, offset }
  }

  /** Notes an emit; `rooms`: those that it is for, none for all sockets. A room that nobody here is in is not noted. */
  note(rooms: ReadonlySet<string>, offset: string, isJoined: (room: string) => boolean): void {
    const place = { number: ++this.#number, offset }
    if (rooms.size === 0) this.#toAll = place
    for (const room of rooms) if (isJoined(room)) this.#rooms.set(room, place)
  }

  /** The last place after another one at which something was sent to one of these rooms, or to all; else that other one. */
  lastOf(rooms: Iterable<string>, after: SentPlace): SentPlace {
    let last = laterOf(after, this.#toAll)
    for (const room of rooms) last = laterOf(last, this.#rooms.get(room))
    return last
  }

  /** Called when a room has no sockets any more. */
  forget(room: string): void {
    this.#rooms.delete(room)
  }
}

function laterOf(one: SentPlace, other: SentPlace | undefined): SentPlace {
  return other && other.number > one.number ? other : one
}
