import type { EmitItem } from './log/log-item.js'
import { RoomIndex, type UnreadEmit } from './room-index.js'

/*
 * What this node has emitted to an address, and has not read back yet. A socket that is disconnected now would not receive it.
 */

// Places of read emits that are left empty at a time.
const MOST_EMPTY = 1_000

export class UnreadEmits {
  #emits: UnreadEmit[] = []
  #start = 0
  #added = 0
  /** Made when it is asked for: sockets are disconnected rarely, but perhaps all at once while the broker is away. */
  #index: RoomIndex | undefined

  get size(): number {
    return this.#emits.length - this.#start
  }

  add(number: number, item: EmitItem): void {
    const emit = { place: this.#added++, number, item }
    this.#emits.push(emit)
    this.#index?.add(emit)
  }

  /** Called with each emit that is read back: with the number of its entry. */
  remove(number: number): void {
    const first = this.#start
    while ((this.#emits[this.#start]?.number ?? number) < number) this.#start++
    if (this.#emits[this.#start]?.number === number) this.#start++
    if (this.#start === first) return
    // It still has what was read.
    if (this.#index && this.#index.size > 2 * this.size) this.#index = undefined
    if (this.#start < MOST_EMPTY && this.size > 0) return
    this.#emits = this.#emits.slice(this.#start)
    this.#start = 0
  }

  /** The emits that are for a socket in these rooms, in order. Takes as long as there are such emits, not as there are any. */
  for(joined: ReadonlySet<string>): EmitItem[] {
    if (this.size === 0) return []
    this.#index ??= new RoomIndex(this.#emits.slice(this.#start))
    return this.#index.find(joined, this.#added - this.size)
  }
}
