import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Server, Socket } from 'socket.io'
import type { NormalDefinition } from '../definition/normalize/normalize-definition.js'
import type { PresenceEntry } from '../definition/presence/presence-types.js'
import type { NormalPresence } from '../definition/presence/read-presence.js'
import { FST_NSP_META_INVALID, FST_NSP_PRESENCE_OFF } from '../shared/errors/presence-errors.js'
import type { RatedLog } from '../shared/log/rated-log.js'
import { placeOf } from './key-saying.js'
import { createMetaFetches } from './meta-fetches.js'
import { PlaceEmits } from './place-emits.js'
import { type PresenceClock, SYSTEM_CLOCK } from './presence-clock.js'
import type { PresenceLink } from './presence-peers.js'
import { type HeldPlace, PresencePlaces } from './presence-places.js'
import { completeMeta, type PresenceSubject, readKey, readMeta, toMeta } from './presence-values.js'

/*
 * Counts the sockets of this node, and tells them who is here.
 */

/** What may have presence: a definition, or a room of it. */
interface PresentDefinition {
  readonly name: string
  readonly definition: Pick<NormalDefinition, 'presence'>
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
}

/** What presence is told of sockets, and asked. `room`: undefined for that of the whole address. */
export interface Presence {
  /** Called when the instance is ready. `link`: to the other nodes; undefined: there are none. */
  open(link: PresenceLink | undefined): void
  /** Called when a socket of a definition with presence has joined, or is recovered. */
  enter(socket: Socket, declared: PresentDefinition, request: FastifyRequest, room?: string): void
  /** Called when a socket has another request. */
  renew(socket: Socket, request: FastifyRequest, room?: string): void
  /** Called when a socket has disconnected, or has left the room. */
  leave(socket: Socket, room?: string): void
  /**
   * See SocketPresence. Before the socket has joined, what is given counts when it has.
   *
   * @defaultValue declared: the definition of its namespace
   * @throws FST_NSP_META_INVALID, FST_NSP_PRESENCE_OFF
   */
  update(socket: Socket, meta: unknown, declared?: PresentDefinition, room?: string): void
  /**
   * Who is at an address, live here or not.
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

/** A place with sockets of this node. */
interface TellingPlace {
  readonly held: HeldPlace
  readonly emits: PlaceEmits
  readonly sockets: Map<Socket, PresentSocket>
}

/** A socket in a place. */
interface PresentSocket {
  readonly subject: PresenceSubject
  /** Undefined: it is not counted, or not yet. */
  key: string | undefined
}

export function createPresence({ io, registry, log, skip, clock = SYSTEM_CLOCK }: PresenceParts): Presence {
  let places: PresencePlaces | undefined
  const telling = new Map<string, TellingPlace>()
  const fetchMeta = createMetaFetches(clock)
  /** What `update` was given before a socket was counted, by place. */
  const early = new WeakMap<Socket, Map<string, unknown>>()

  function tellingOf(all: PresencePlaces, presence: NormalPresence, address: string, room?: string): TellingPlace {
    const place = placeOf(address, room)
    const known = telling.get(place)
    if (known) return known
    const held = all.hold(place, presence)
    const made = { held, emits: new PlaceEmits({ io, address, room, held, skip }), sockets: new Map() }
    telling.set(place, made)
    return made
  }

  /** Calls `add` with the meta of a key: at once, or when it is fetched. */
  function withMeta(place: string, subject: PresenceSubject, key: string, add: (meta: unknown) => void): void {
    const meta = readMeta(subject, log)
    if (!subject.presence.fetch || places?.isHere(place, key)) add(meta)
    else fetchMeta(subject, key, (found) => add(completeMeta(subject, meta, found, log)))
  }

  /** Counts a socket, and tells it who is here. */
  function count(socket: Socket, place: string, { emits, sockets }: TellingPlace, subject: PresenceSubject): void {
    const one: PresentSocket = { subject, key: undefined }
    sockets.set(socket, one)
    const key = readKey(subject, log)
    if (key === undefined) emits.add(socket.id)
    else
      withMeta(place, subject, key, (meta) => {
        // It has left meanwhile, or has another request.
        if (sockets.get(socket) !== one) return
        one.key = key
        const given = early.get(socket)
        places?.add(place, key, given?.has(place) ? given.get(place) : meta)
        emits.add(socket.id)
      })
  }

  return {
    open(link) {
      if (registry.entries.every(({ definition }) => !definition.presence)) return
      places = new PresencePlaces({ clock, link })
      places.open()
    },

    enter(socket, { definition: { presence }, context: instance }, request, room) {
      if (!presence || !places) return
      const namespace = socket.nsp.name
      const subject = { presence, instance, source: sourceOf(request), where: { namespace, socketId: socket.id } }
      count(socket, placeOf(namespace, room), tellingOf(places, presence, namespace, room), subject)
    },

    renew(socket, request, room) {
      const place = placeOf(socket.nsp.name, room)
      const here = telling.get(place)
      const before = here?.sockets.get(socket)
      if (!here || !before) return
      const { key } = before
      const subject = { ...before.subject, source: sourceOf(request) }
      if (key !== undefined && readKey(subject, log) === key) {
        here.sockets.set(socket, { subject, key })
        const meta = readMeta(subject, log)
        if (meta !== undefined) places?.update(place, key, meta)
        return
      }
      // Somebody else is here now: nobody comes back.
      if (key !== undefined) places?.lose(place, key, 0)
      count(socket, place, here, subject)
    },

    leave(socket, room) {
      const place = placeOf(socket.nsp.name, room)
      const here = telling.get(place)
      const one = here?.sockets.get(socket)
      if (!here || !one) return
      here.sockets.delete(socket)
      here.emits.remove(socket.id)
      if (one.key !== undefined) places?.lose(place, one.key, one.subject.presence.graceMs)
      if (here.sockets.size > 0) return
      telling.delete(place)
      here.held.release()
    },

    update(socket, meta, declared = registry.find(socket.nsp.name)?.entry, room) {
      const presence = declared?.definition.presence
      if (!presence) throw new FST_NSP_PRESENCE_OFF(socket.nsp.name)
      let copy: unknown
      try {
        copy = toMeta(meta, presence.maxMetaBytes)
      } catch (error) {
        throw new FST_NSP_META_INVALID(socket.nsp.name, (error as Error).message)
      }
      const place = placeOf(socket.nsp.name, room)
      const key = telling.get(place)?.sockets.get(socket)?.key
      if (key !== undefined) places?.update(place, key, copy)
      else early.set(socket, (early.get(socket) ?? new Map()).set(place, copy))
    },

    async of({ name, definition: { presence } }, address, room) {
      if (!presence) throw new FST_NSP_PRESENCE_OFF(name)
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

function sourceOf(request: FastifyRequest): PresenceSubject['source'] {
  return { request, params: request.params } as PresenceSubject['source']
}
