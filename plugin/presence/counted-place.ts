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

  /** Counts a socket, and tells it who is here. */
  add(socket: Socket, subject: PresenceSubject): void {
    const { name, places, emits, log, takeEarly } = this.#options
    const one: CountedSocket = { subject, key: undefined }
    this.#sockets.set(socket, one)
    const key = readKey(subject, log)
    if (key === undefined) emits.add(socket.id)
    else
      this.#withMeta(subject, key, (meta) => {
        // It has left meanwhile, or has another request.
        if (this.#sockets.get(socket) !== one) return
        one.key = key
        const early = takeEarly(socket)
        places.add(name, key, early ? early.meta : meta)
        emits.add(socket.id)
      })
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
      const meta = readMeta(subject, log)
      if (meta !== undefined) places.update(name, key, meta)
      return
    }
    // Somebody else is here now: nobody comes back.
    if (key !== undefined) places.lose(name, key, 0)
    this.add(socket, subject)
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

  /** Calls `add` with the meta of a key: at once, or when it is fetched. */
  #withMeta(subject: PresenceSubject, key: string, add: (meta: unknown) => void): void {
    const { name, places, fetchMeta, log } = this.#options
    const meta = readMeta(subject, log)
    if (!subject.presence.fetch || places.isHere(name, key)) add(meta)
    else fetchMeta(subject, key, (found) => add(completeMeta(subject, meta, found, log)))
  }
}
