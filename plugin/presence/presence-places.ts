import type { PresenceChange, PresenceEntry, PresenceState } from '../definition/presence/presence-types.js'
import type { KeySaying } from './key-saying.js'
import { LivePlace, type PlaceRules } from './live-place.js'
import { OwnPeople } from './own-people.js'
import type { PresenceClock } from './presence-clock.js'
import { type PresenceLink, PresencePeers } from './presence-peers.js'

/*
 * Who is where. Nothing is kept in a broker: each node owns what it says of its own sockets, and what all nodes say is merged on each
 * node that wants to know.
 */

/** A place that is held: as long as it is, this node knows who is there. */
export interface HeldPlace {
  /** Resolves when all nodes have said who is there, or a second later. */
  readonly isReady: Promise<void>
  /** All who are there, as of now. */
  readonly entries: PresenceEntry[]
  /** Those of whom clients are told, as of the last change. */
  readonly state: PresenceState
  /** Calls `onChange` with each change; with undefined if it was requested, and nothing has changed. */
  follow(onChange: (change: PresenceChange | undefined) => void): void
  /** Has `onChange` called soon. */
  request(): void
  release(): void
}

export interface PresencePlacesOptions {
  readonly clock: PresenceClock
  /** To the other nodes; undefined: there are none. */
  readonly link: PresenceLink | undefined
}

/** After its start, a node waits this long for the others to say hello. */
const MEET_MS = 200

export class PresencePlaces {
  readonly #clock: PresenceClock
  readonly #id: string
  readonly #places = new Map<string, LivePlace>()
  readonly #own: OwnPeople
  readonly #peers: PresencePeers | undefined
  #knownAt = Number.NEGATIVE_INFINITY

  constructor({ clock, link }: PresencePlacesOptions) {
    this.#clock = clock
    this.#id = link?.id ?? ''
    this.#own = new OwnPeople({
      clock,
      changed: (place, key) => {
        this.#places.get(place)?.mark(key)
        this.#peers?.changed(place, key)
      },
    })
    if (!link) return
    this.#peers = new PresencePeers({
      clock,
      link,
      own: this.#own,
      wants: this.#places,
      isWanted: (place) => this.#places.has(place),
      changed: (place, key) => this.#places.get(place)?.mark(key),
      told: (node, place) => this.#places.get(place)?.told(node),
      lost: (node, said, goneMs) => {
        for (const [name, place] of this.#places) place.lose(node, said.get(name), goneMs)
      },
    })
  }

  open(): void {
    if (!this.#peers) return
    this.#knownAt = this.#clock.now() + MEET_MS
    this.#peers.open()
  }

  /** Whether this node says something of a key. */
  isHere(place: string, key: string): boolean {
    return this.#own.find(place, key) !== undefined
  }

  /**
   * Adds a device.
   *
   * @param meta - undefined: that of the other devices of the key
   * @param found - what `fetch` has found of the key, for its other devices
   */
  add(place: string, key: string, meta: unknown, found?: unknown): void {
    this.#own.add(place, key, meta, this.#timeOf(place, key), found)
  }

  /** What was found of a key that is here; undefined: nothing. */
  foundOf(place: string, key: string): unknown {
    return this.#own.foundOf(place, key)
  }

  /** Called when a device is lost. It leaves after `graceMs`, unless another one with its key comes. */
  lose(place: string, key: string, graceMs: number): void {
    this.#own.lose(place, key, graceMs)
  }

  update(place: string, key: string, meta: unknown): void {
    this.#own.update(place, key, meta, this.#timeOf(place, key))
  }

  /** Holds a place. `rules`: those of its definition. */
  hold(name: string, rules: PlaceRules): HeldPlace {
    const place = this.#places.get(name) ?? this.#create(name, rules)
    place.holders++
    return {
      isReady: place.isReady,
      get entries() {
        return place.view.entries
      },
      get state() {
        return place.view.state
      },
      follow: (onChange) => place.follow(onChange),
      request: () => place.request(),
      release: () => {
        place.holders--
        if (place.holders === 0) this.#drop(name, place)
      },
    }
  }

  close(): void {
    this.#peers?.close()
    this.#own.close()
    for (const place of this.#places.values()) place.close()
    this.#places.clear()
  }

  #create(name: string, rules: PlaceRules): LivePlace {
    const place = new LivePlace({
      clock: this.#clock,
      rules,
      nodes: this.#peers?.nodes ?? [],
      knownAt: this.#knownAt,
      sayingsOf: (key) => this.#sayings(name, key),
    })
    this.#places.set(name, place)
    for (const key of this.#own.told(name).keys()) place.mark(key)
    this.#peers?.want(name, true)
    return place
  }

  #drop(name: string, place: LivePlace): void {
    place.close()
    if (this.#places.get(name) === place) this.#places.delete(name)
    this.#peers?.want(name, false)
  }

  *#sayings(name: string, key: string): Generator<readonly [string, KeySaying]> {
    const own = this.#own.find(name, key)
    if (own) yield [this.#id, own]
    for (const said of [this.#peers?.told(name) ?? [], this.#places.get(name)?.lost ?? []]) {
      for (const [node, entries] of said) {
        const told = entries.get(key)
        if (told) yield [node, told]
      }
    }
  }

  /** A time for a new meta: later than that of every other meta of the key that this node knows. */
  #timeOf(place: string, key: string): number {
    let at = this.#clock.wall()
    for (const [, told] of this.#sayings(place, key)) at = Math.max(at, told[2] + 1)
    return at
  }
}
