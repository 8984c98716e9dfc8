import type { RetainedItem, RetainedStore } from '../../shared/retained-emits.js'
import type { PlaceValue } from './retained-place.js'
import { SharedPlace } from './shared-place.js'

/*
 * The values of the places that are live on this node, of what all nodes keep together.
 */

export interface SharedValuesOptions {
  readonly store: RetainedStore
  readonly now: () => number
  readonly report: (error: unknown, address: string, what: string) => void
}

interface SharedAddress {
  readonly emits: readonly string[]
  readonly isLive: (room: string) => boolean
  /** By their rooms; undefined: the whole address. */
  readonly places: Map<string | undefined, SharedPlace>
}

export class SharedValues {
  readonly #options: SharedValuesOptions
  readonly #addresses = new Map<string, SharedAddress>()

  constructor(options: SharedValuesOptions) {
    this.#options = options
  }

  /**
   * Called when an address becomes live.
   *
   * @param emits - the names of those that are kept
   * @param isLive - whether this node has sockets in a room of it
   */
  open(address: string, emits: readonly string[], isLive: (room: string) => boolean): void {
    this.close(address)
    this.#addresses.set(address, { emits, isLive, places: new Map() })
    this.#find(address, undefined)
  }

  /** Called when an address is live no more. */
  close(address: string): void {
    for (const place of this.#addresses.get(address)?.places.values() ?? []) place.close()
    this.#addresses.delete(address)
  }

  closeAll(): void {
    for (const address of [...this.#addresses.keys()]) this.close(address)
  }

  /** Resolves when the values of a place are known; undefined: they are, or nothing is kept there. */
  known(address: string, room: string | undefined): Promise<void> | undefined {
    const place = this.#find(address, room)
    if (!place || place.isKnown) return undefined
    return place.known.then(() => {
      // Whoever has waited for it enters the room at once, or not at all.
      if (room !== undefined) setImmediate(() => this.leave(address, room))
    })
  }

  /** Calls `give` with the values of a place: see SharedPlace. */
  enter(address: string, room: string | undefined, give: (values: readonly PlaceValue[]) => void): void {
    this.#find(address, room)?.enter(give)
  }

  /** Called with what is delivered. */
  apply(address: string, { room, mark, encoded, offset }: RetainedItem): void {
    this.#addresses.get(address)?.places.get(room)?.apply(mark, encoded, offset)
  }

  /** Called when the values may be others than this node has delivered. */
  reread(address: string): void {
    for (const place of this.#addresses.get(address)?.places.values() ?? []) place.read()
  }

  /** Called when this node may have no socket in a room any more. */
  leave(address: string, room: string): void {
    const { isLive, places } = this.#addresses.get(address) ?? {}
    if (isLive?.(room) !== false) return
    places?.get(room)?.close()
    places?.delete(room)
  }

  #find(address: string, room: string | undefined): SharedPlace | undefined {
    const live = this.#addresses.get(address)
    if (!live) return undefined
    const { store, now, report } = this.#options
    const place =
      live.places.get(room) ??
      new SharedPlace({
        read: () => store.read(address, room, live.emits),
        now,
        report: (error) => report(error, address, 'the retained emits could not be read'),
      })
    live.places.set(room, place)
    return place
  }
}
