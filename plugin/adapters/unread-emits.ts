import type { EmitItem } from './log/log-item.js'

/*
 * What this node has emitted to an address, and has not read back yet. A socket that is disconnected now would not receive it.
 */

interface UnreadEmit {
  /** Of the entry that has it. */
  readonly number: number
  readonly item: EmitItem
}

// Places of read emits that are left empty at a time.
const MOST_EMPTY = 1_000

export class UnreadEmits {
  #emits: UnreadEmit[] = []
  #start = 0

  get size(): number {
    return this.#emits.length - this.#start
  }

  add(number: number, item: EmitItem): void {
    this.#emits.push({ number, item })
  }

  /** Called with each emit that is read back: with the number of its entry. */
  remove(number: number): void {
    const first = this.#start
    while ((this.#emits[this.#start]?.number ?? number) < number) this.#start++
    if (this.#emits[this.#start]?.number === number) this.#start++
    if (this.#start === first) return
    if (this.#start < MOST_EMPTY && this.size > 0) return
    this.#emits = this.#emits.slice(this.#start)
    this.#start = 0
  }

  /** The emits that are for a socket in these rooms, in order. */
  for(joined: ReadonlySet<string>): EmitItem[] {
    const isIn = (rooms: ReadonlySet<string>) => [...rooms].some((room) => joined.has(room))
    const items = this.#emits.slice(this.#start).map(({ item }) => item)
    return items.filter(({ rooms, except }) => (rooms.size === 0 || isIn(rooms)) && !isIn(except))
  }
}
