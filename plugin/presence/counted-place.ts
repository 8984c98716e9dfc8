import type { Socket } from 'socket.io'
import type { RatedLog } from '../shared/log/rated-log.js'
import type { FetchMeta } from './meta-fetches.js'
import type { PlaceEmits } from './place-emits.js'
import type { PresencePlaces } from './presence-places.js'
import { completeMeta, type PresenceSubject, readKey, readMeta } from './presence-values.js'

/*
 * A place with sockets of this node: counts them, and tells them who is here.
 */

export interface CountedPlaceOptions {
  /** Its name, see placeOf. */
  readonly name: string
  readonly places: PresencePlaces
  readonly emits: PlaceEmits
  readonly fetchMeta: FetchMeta
  /** What `update` was given before a socket was counted here; undefined: nothing. */
  readonly takeEarly: (socket: Socket) => { readonly meta: unknown } | undefined
  readonly log: RatedLog
}

interface CountedSocket {
  readonly subject: PresenceSubject
  /** Undefined: it is not counted, or not yet. */
  key: string | undefined
}

export class CountedPlace {
  readonly #options: CountedPlaceOptions
  readonly #sockets = new Map<Socket, CountedSocket>()

  constructor(options: CountedPlaceOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0
  }

  /** The key that a socket counts for. */
  keyOf(socket: Socket): string | undefined {
    return this.#sockets.get(socket)?.key
  }

  /** Counts a socket, and tells it who is here. Twice counts once: it may have left a room and come back while its params were checked. */
  add(socket: Socket, subject: PresenceSubject): void {
    if (!this.#sockets.has(socket)) this.#count(socket, subject)
  }

  #count(socket: Socket, subject: PresenceSubject): void {
    const { name, places, emits, log, takeEarly } = this.#options
    const one: CountedSocket = { subject, key: undefined }
    this.#sockets.set(socket, one)
    const key = readKey(subject, log)
    if (key === undefined) emits.add(socket.id)
    else
      this.#withMeta(subject, key, (meta, found) => {
        // It has left meanwhile, or has another request.
        if (this.#sockets.get(socket) !== one) return
        one.key = key
        const early = takeEarly(socket)
        places.add(name, key, early ? early.meta : meta, found)
        emits.add(socket.id)
      })
  }

  /** Tells a socket once more who is here. */
  repeat(socket: Socket): void {
    if (this.#sockets.has(socket)) this.#options.emits.repeat(socket.id)
  }

  /** Called when a socket has another request. */
  renew(socket: Socket, source: Pick<PresenceSubject['source'], 'request' | 'params'>): void {
    const { name, places, log } = this.#options
    const before = this.#sockets.get(socket)
    if (!before) return
    const { key } = before
    const subject = { ...before.subject, source: { ...before.subject.source, ...source } }
    if (key !== undefined && readKey(subject, log) === key) {
      this.#sockets.set(socket, { subject, key })
      const meta = this.#readMeta(subject, key)
      if (meta !== undefined) places.update(name, key, meta)
      return
    }
    // Somebody else is here now: nobody comes back.
    if (key !== undefined) places.lose(name, key, 0)
    this.#count(socket, subject)
  }

  /** Counts a socket no more. `graceMs`: how long it may take to come back. */
  remove(socket: Socket, graceMs: number): void {
    const one = this.#sockets.get(socket)
    if (!one) return
    const { name, places, emits } = this.#options
    this.#sockets.delete(socket)
    emits.remove(socket.id)
    if (one.key !== undefined) places.lose(name, one.key, graceMs)
  }

  /** Calls `add` with the meta of a key, and what was fetched for it: at once, or when it is. */
  #withMeta(subject: PresenceSubject, key: string, add: (meta: unknown, found?: unknown) => void): void {
    const { name, places, fetchMeta, log } = this.#options
    if (!subject.presence.fetch || places.isHere(name, key)) {
      add(this.#readMeta(subject, key))
      return
    }
    const meta = readMeta(subject, log)
    fetchMeta(subject, key, (found) => add(completeMeta(subject, meta, found, log), found))
  }

  /** The meta of a further device, completed by what was found for the first one; undefined: it has none of its own. */
  #readMeta(subject: PresenceSubject, key: string): unknown {
    const { name, places, log } = this.#options
    const meta = readMeta(subject, log)
    return meta === undefined ? undefined : completeMeta(subject, meta, places.foundOf(name, key), log)
  }
}
