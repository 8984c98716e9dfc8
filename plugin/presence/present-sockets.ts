import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Server, Socket } from 'socket.io'
import type { NormalDefinition } from '../definition/normalize/normalize-definition.js'
import type { PresenceEntry } from '../definition/presence/presence-types.js'
import type { NormalPresence } from '../definition/presence/read-presence.js'
import { findRoom } from '../definition/rooms/room-pattern.js'
import type { JoinedRoom } from '../definition/rooms/room-types.js'
import { FST_NSP_META_INVALID, FST_NSP_PRESENCE_OFF } from '../shared/errors/presence-errors.js'
import type { RatedLog } from '../shared/log/rated-log.js'
import { CountedPlace } from './counted-place.js'
import { placeOf } from './key-saying.js'
import { createMetaFetches } from './meta-fetches.js'
import { PlaceEmits } from './place-emits.js'
import { type PresenceClock, SYSTEM_CLOCK } from './presence-clock.js'
import type { PresenceLink } from './presence-peers.js'
import { type HeldPlace, PresencePlaces } from './presence-places.js'
import { type PresenceSubject, sourceOf, toMeta } from './presence-values.js'

/*
 * Counts the sockets of this node, at their addresses and in their declared rooms.
 */

/** A definition whose addresses or rooms may have presence. */
interface PresentDefinition {
  readonly name: string
  readonly definition: Pick<NormalDefinition, 'presence' | 'rooms'>
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
}

/** What presence is told of sockets, and asked. `room`: undefined for the whole address. */
export interface Presence {
  /** Called when the instance is ready. `link`: to the other nodes; undefined: there are none. */
  open(link: PresenceLink | undefined): void
  /** Called when a socket has joined an address, or is recovered; and when it is in a declared room. */
  enter(socket: Socket, declared: PresentDefinition, request: FastifyRequest, room?: JoinedRoom<unknown>): void
  /** Called when a socket has another request. */
  renew(socket: Socket, request: FastifyRequest): void
  /** Called when a client asks who is here: it is told once more, if it was told already. */
  repeat(socket: Socket, room?: string): void
  /** Called when a socket disconnects: it may come back. */
  leave(socket: Socket, room?: string): void
  /** Called when a socket has left a room, and stays connected. */
  exit(socket: Socket, room: string): void
  /**
   * See SocketPresence. Before the socket is counted, what is given counts when it is.
   *
   * @throws FST_NSP_META_INVALID, FST_NSP_PRESENCE_OFF
   */
  update(socket: Socket, meta: unknown, room?: string): void
  /**
   * Who is at an address, or in a room of it, live here or not.
   *
   * @throws (rejects) FST_NSP_PRESENCE_OFF
   */
  of(declared: PresentDefinition, address: string, room?: string): Promise<PresenceEntry[]>
  /** Says farewell to the other nodes. Nobody is told anything any more. */
  close(): void
}

export interface PresenceParts {
  readonly io: Server
  readonly registry: {
    readonly entries: readonly PresentDefinition[]
    find(address: string): { readonly entry: PresentDefinition } | undefined
  }
  readonly log: RatedLog
  /** Runs a call whose emit is not checked. */
  readonly skip: <Result>(call: () => Result) => Result
  readonly clock?: PresenceClock
}

interface PlaceOfSockets {
  readonly held: HeldPlace
  readonly counted: CountedPlace
  readonly graceMs: number
}

export function createPresence({ io, registry, log, skip, clock = SYSTEM_CLOCK }: PresenceParts): Presence {
  let places: PresencePlaces | undefined
  const live = new Map<string, PlaceOfSockets>()
  const fetchMeta = createMetaFetches(clock)
  /** What `update` was given before a socket was counted, by place. */
  const earlyOf = new WeakMap<Socket, Map<string, unknown>>()

  function takeEarly(socket: Socket, place: string): { meta: unknown } | undefined {
    const early = earlyOf.get(socket)
    if (!early?.has(place)) return undefined
    const meta = early.get(place)
    early.delete(place)
    return { meta }
  }

  function open(
    all: PresencePlaces,
    presence: NormalPresence,
    address: string,
    room: string | undefined,
  ): PlaceOfSockets {
    const name = placeOf(address, room)
    const held = all.hold(name, presence)
    const emits = new PlaceEmits({ io, address, room, held, skip })
    const early = (socket: Socket) => takeEarly(socket, name)
    const counted = new CountedPlace({ name, places: all, emits, fetchMeta, takeEarly: early, log })
    const made = { held, counted, graceMs: presence.graceMs }
    live.set(name, made)
    return made
  }

  function remove(socket: Socket, name: string, graceMs?: number): void {
    earlyOf.get(socket)?.delete(name)
    const place = live.get(name)
    if (!place) return
    place.counted.remove(socket, graceMs ?? place.graceMs)
    if (!place.counted.isEmpty) return
    live.delete(name)
    place.held.release()
  }

  return {
    open(link) {
      const hasPresence = ({ definition: { presence, rooms } }: PresentDefinition) =>
        presence !== undefined || [...rooms.values()].some((room) => room.presence)
      if (!registry.entries.some(hasPresence)) return
      places = new PresencePlaces({ clock, link })
      places.open()
    },

    enter(socket, declared, request, room) {
      const presence = presenceOf(declared, room?.name)
      if (!presence || !places) return
      const { name: namespace } = socket.nsp
      const subject: PresenceSubject = {
        presence,
        instance: declared.context,
        source: { ...sourceOf(request), ...(room && { room }) },
        where: { namespace, socketId: socket.id, ...(room && { room: room.name }) },
      }
      const { counted } = live.get(placeOf(namespace, room?.name)) ?? open(places, presence, namespace, room?.name)
      counted.add(socket, subject)
    },

    renew(socket, request) {
      const source = sourceOf(request)
      for (const room of [undefined, ...socket.rooms]) {
        live.get(placeOf(socket.nsp.name, room))?.counted.renew(socket, source)
      }
    },

    repeat(socket, room) {
      live.get(placeOf(socket.nsp.name, room))?.counted.repeat(socket)
    },

    leave(socket, room) {
      remove(socket, placeOf(socket.nsp.name, room))
    },

    exit(socket, room) {
      remove(socket, placeOf(socket.nsp.name, room), 0)
    },

    update(socket, meta, room) {
      const { name: address } = socket.nsp
      const declared = registry.find(address)?.entry
      const presence = declared && presenceOf(declared, room)
      if (!presence) throw new FST_NSP_PRESENCE_OFF(room ?? address)
      let copy: unknown
      try {
        copy = toMeta(meta, presence.maxMetaBytes)
      } catch (error) {
        throw new FST_NSP_META_INVALID(room ?? address, (error as Error).message)
      }
      const place = placeOf(address, room)
      const key = live.get(place)?.counted.keyOf(socket)
      if (key !== undefined) places?.update(place, key, copy)
      // Of a room that it is not in, nothing is kept: clients may name as many as they like.
      else if (room === undefined || socket.rooms.has(room))
        earlyOf.set(socket, (earlyOf.get(socket) ?? new Map()).set(place, copy))
    },

    async of(declared, address, room) {
      const presence = presenceOf(declared, room)
      if (!presence) throw new FST_NSP_PRESENCE_OFF(room ?? declared.name)
      const held = places?.hold(placeOf(address, room), presence)
      if (!held) return []
      await held.isReady
      const { entries } = held
      held.release()
      return entries
    },

    close() {
      places?.close()
    },
  }
}

function presenceOf({ definition }: PresentDefinition, room: string | undefined): NormalPresence | undefined {
  return room === undefined ? definition.presence : findRoom(definition.rooms, room)?.room.presence
}
