import type { PresenceChange, PresenceEntry, PresenceState } from '../definition/presence/presence-types.js'
import type { KeySaying } from './key-saying.js'

/*
 * Who is in a place, as this node sees it: everything that all nodes say, this one included. A key is here while any node says so.
 */

/** What the nodes say of a key, each with its id. */
export type NodeSayings = Iterable<readonly [node: string, told: KeySaying]>

interface Seen {
  devices: number
  meta: unknown
  /** Whether clients are told of it: there may be more than they are told of. */
  isShown: boolean
}

export class PlaceView {
  readonly #sayingsOf: (key: string) => NodeSayings
  readonly #maxKeys: number
  readonly #seen = new Map<string, Seen>()
  readonly #marked = new Set<string>()
  /** How many are not shown. */
  #more = 0

  /** `maxKeys`: how many keys are shown. */
  constructor(maxKeys: number, sayingsOf: (key: string) => NodeSayings) {
    this.#maxKeys = maxKeys
    this.#sayingsOf = sayingsOf
  }

  /** Called when a node says something else of a key. */
  mark(key: string): void {
    this.#marked.add(key)
  }

  /** What has changed since the last call; undefined: nothing. */
  take(): PresenceChange | undefined {
    if (this.#marked.size === 0) return undefined
    const change: Mutable<PresenceChange> = { joined: [], left: [], updated: [], more: this.#more }
    for (const key of this.#marked) this.#see(key, change)
    this.#marked.clear()
    this.#showMore(change)
    const { joined, left, updated, more } = change
    const isNothing = joined.length + left.length + updated.length === 0 && more === this.#more
    change.more = this.#more
    return isNothing ? undefined : change
  }

  /** Those who are shown, as of the last `take()`. */
  get state(): PresenceState {
    const entries: PresenceEntry[] = []
    for (const [key, { devices, meta, isShown }] of this.#seen) if (isShown) entries.push({ key, devices, meta })
    return { entries, more: this.#more }
  }

  /** All, as of now. */
  get entries(): PresenceEntry[] {
    const entries: PresenceEntry[] = []
    for (const key of new Set([...this.#seen.keys(), ...this.#marked])) {
      const now = this.#marked.has(key) ? this.#look(key) : (this.#seen.get(key) as Seen)
      if (now) entries.push({ key, devices: now.devices, meta: now.meta })
    }
    return entries
  }

  #see(key: string, change: Mutable<PresenceChange>): void {
    const before = this.#seen.get(key)
    const now = this.#look(key)
    if (!now) {
      this.#seen.delete(key)
      if (before?.isShown) change.left.push(key)
      else if (before) this.#more--
      return
    }
    const { devices, meta } = now
    if (!before) {
      const isShown = this.#seen.size - this.#more < this.#maxKeys
      this.#seen.set(key, { devices, meta, isShown })
      if (isShown) change.joined.push({ key, devices, meta })
      else this.#more++
      return
    }
    const isNew = before.devices !== devices || !isSame(before.meta, meta)
    Object.assign(before, now)
    if (isNew && before.isShown) change.updated.push({ key, devices, meta })
  }

  /** What all nodes say of a key. Its devices stay the same while one that was lost may still come back, on whatever node. */
  #look(key: string): Omit<Seen, 'isShown'> | undefined {
    let [here, leaving, newest, meta, by] = [0, 0, -1, null as unknown, '']
    for (const [node, told] of this.#sayingsOf(key)) {
      here += told[0]
      leaving += told[1]
      if (told[2] < newest || (told[2] === newest && node < by)) continue
      ;[newest, meta, by] = [told[2], told[3], node]
    }
    if (here + leaving === 0) return undefined
    const before = this.#seen.get(key)?.devices ?? Number.POSITIVE_INFINITY
    return { devices: Math.max(here, Math.min(before, here + leaving)), meta }
  }

  /** Those who have left make room. */
  #showMore(change: Mutable<PresenceChange>): void {
    let room = this.#maxKeys - (this.#seen.size - this.#more)
    if (room <= 0 || this.#more === 0) return
    for (const [key, seen] of this.#seen) {
      if (room === 0) return
      if (seen.isShown) continue
      seen.isShown = true
      this.#more--
      change.joined.push({ key, devices: seen.devices, meta: seen.meta })
      room--
    }
  }
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key] }

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}
