import { type SentPlace, SentPlaces } from './sent-places.js'

/*
 * Since when each socket of an address is in which room, as places in the log, and up to where something was sent to it.
 */

/** The rooms of a socket. Places are undefined until the log is followed. */
export interface JoinedRooms {
  readonly since: string | undefined
  readonly rooms: Map<string, string | undefined>
  /** Of what was sent to it when it was recovered, and to the rooms that it has left; its offset is '' if there was nothing. */
  sent: SentPlace
}

export class RoomPlaces {
  readonly #sockets = new Map<string, JoinedRooms>()
  readonly #sent = new SentPlaces()

  find(id: string): JoinedRooms | undefined {
    return this.#sockets.get(id)
  }

  join(id: string, rooms: Iterable<string>, place: string | undefined): void {
    const joined = this.#sockets.get(id) ?? this.restore(id, place, new Map())
    for (const room of rooms) if (!joined.rooms.has(room)) joined.rooms.set(room, place)
  }

  leave(id: string, room: string): void {
    const joined = this.#sockets.get(id)
    if (joined?.rooms.delete(room)) joined.sent = this.#sent.lastOf([room], joined.sent)
  }

  forget(id: string): void {
    this.#sockets.delete(id)
  }

  /** Called when a room has no sockets any more. */
  forgetRoom(room: string): void {
    this.#sent.forget(room)
  }

  /** Gives a socket the rooms of its session. Nothing was sent to it yet. */
  restore(id: string, since: string | undefined, rooms: JoinedRooms['rooms']): JoinedRooms {
    const joined = { since, rooms, sent: this.#sent.placeOf('') }
    this.#sockets.set(id, joined)
    return joined
  }

  /** Notes an emit: see {@link SentPlaces.note}. */
  note(...emit: Parameters<SentPlaces['note']>): void {
    this.#sent.note(...emit)
  }

  /** Notes up to which place a socket was sent what it has missed. */
  noteMissed(id: string, offset: string): void {
    const joined = this.#sockets.get(id) as JoinedRooms
    joined.sent = this.#sent.placeOf(offset)
  }

  /** The place of the last event that may have been sent to a socket; '' if there was none. */
  sentTo({ rooms, sent }: JoinedRooms): string {
    return this.#sent.lastOf(rooms.keys(), sent).offset
  }
}
