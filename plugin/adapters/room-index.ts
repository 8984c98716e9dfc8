import type { EmitItem } from './log/log-item.js'

/*
 * Finds emits by their rooms.
 */

export interface UnreadEmit {
  /** Greater than that of any emit before. */
  readonly place: number
  /** Of the entry that has it. */
  readonly number: number
  readonly item: EmitItem
}

export class RoomIndex {
  /** In order. */
  readonly #toAll: UnreadEmit[] = []
  readonly #byRoom = new Map<string, UnreadEmit[]>()
  /** The number of emits. */
  size = 0

  constructor(emits: readonly UnreadEmit[]) {
    for (const emit of emits) this.add(emit)
  }

  add(emit: UnreadEmit): void {
    this.size++
    const { rooms } = emit.item
    if (rooms.size === 0) this.#toAll.push(emit)
    for (const room of rooms) {
      const emits = this.#byRoom.get(room)
      if (emits) emits.push(emit)
      else this.#byRoom.set(room, [emit])
    }
  }

  /** The emits for a socket in these rooms, from a place on, in order. */
  find(joined: ReadonlySet<string>, from: number): EmitItem[] {
    const found = new Set<UnreadEmit>()
    const collect = (emits: readonly UnreadEmit[] = []) => {
      for (const emit of emits.slice(emits.findLastIndex(({ place }) => place < from) + 1)) found.add(emit)
    }
    collect(this.#toAll)
    for (const room of joined) collect(this.#byRoom.get(room))
    return [...found]
      .sort((one, other) => one.place - other.place)
      .map(({ item }) => item)
      .filter(({ except }) => !hasCommon(except, joined))
  }
}

function hasCommon(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const each of some) if (others.has(each)) return true
  return false
}
