import type { KeySaying, KeySayings } from './key-saying.js'
import type { PresenceClock } from './presence-clock.js'

/*
 * The people of this node: of each place the keys of its own sockets. A device that is lost stays for the time of grace, unless another
 * one with its key takes its place.
 */

interface OwnKey {
  connected: number
  /** Of each lost device: ends its time of grace. The oldest first. */
  readonly leaving: (() => void)[]
  at: number
  meta: unknown
  /** What `fetch` has found of the key: it completes the meta of each device. */
  found: unknown
}

export interface OwnPeopleOptions {
  readonly clock: PresenceClock
  /** Called when what is told of a key has changed. */
  readonly changed: (place: string, key: string) => void
}

export class OwnPeople {
  readonly #options: OwnPeopleOptions
  readonly #places = new Map<string, Map<string, OwnKey>>()

  constructor(options: OwnPeopleOptions) {
    this.#options = options
  }

  /** What this node tells of a key; undefined: nothing. */
  find(place: string, key: string): KeySaying | undefined {
    const entry = this.#places.get(place)?.get(key)
    return entry && toldOf(entry)
  }

  told(place: string): KeySayings {
    const entries = this.#places.get(place) ?? []
    return new Map([...entries].map(([key, entry]) => [key, toldOf(entry)]))
  }

  /**
   * Adds a device.
   *
   * @param meta - undefined: that of the other devices of the key; without any, null
   * @param found - what was fetched for this device; kept for as long as the key is here
   */
  add(place: string, key: string, meta: unknown, at: number, found?: unknown): void {
    const entries = this.#places.get(place) ?? new Map<string, OwnKey>()
    this.#places.set(place, entries)
    const entry = entries.get(key) ?? { connected: 0, leaving: [], at: 0, meta: null, found: undefined }
    entries.set(key, entry)
    entry.connected++
    entry.leaving.shift()?.()
    if (meta !== undefined) Object.assign(entry, { meta, at })
    if (found !== undefined) entry.found = found
    this.#options.changed(place, key)
  }

  /** What was found of a key that is here; undefined: nothing. */
  foundOf(place: string, key: string): unknown {
    return this.#places.get(place)?.get(key)?.found
  }

  /** Called when a device is lost: it leaves after `graceMs`. */
  lose(place: string, key: string, graceMs: number): void {
    const entry = this.#places.get(place)?.get(key)
    if (!entry) return
    entry.connected--
    if (graceMs > 0) {
      const cancel = this.#options.clock.after(graceMs, () => {
        entry.leaving.splice(entry.leaving.indexOf(cancel), 1)
        this.#drop(place, key, entry)
      })
      entry.leaving.push(cancel)
    }
    this.#drop(place, key, entry)
  }

  /** Sets the meta of a key that has a device here. */
  update(place: string, key: string, meta: unknown, at: number): void {
    const entry = this.#places.get(place)?.get(key)
    if (!entry) return
    Object.assign(entry, { meta, at })
    this.#options.changed(place, key)
  }

  close(): void {
    for (const entries of this.#places.values()) {
      for (const { leaving } of entries.values()) for (const cancel of leaving) cancel()
    }
    this.#places.clear()
  }

  /** Removes an entry without devices. */
  #drop(place: string, key: string, entry: OwnKey): void {
    if (entry.connected + entry.leaving.length === 0) {
      const entries = this.#places.get(place)
      entries?.delete(key)
      if (entries?.size === 0) this.#places.delete(place)
    }
    this.#options.changed(place, key)
  }
}

function toldOf({ connected, leaving, at, meta }: OwnKey): KeySaying {
  return [connected, leaving.length, at, meta]
}
