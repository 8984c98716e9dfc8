import type { LogEntry, RetainedChange, RetainedValue } from '../broker.js'

/*
 * Sets of retained values in memory, each for a limited time. Beyond the limit of characters, the sets that were changed longest ago are
 * dropped.
 */

interface KeptSet {
  /** By key, in the order in which they were written. */
  readonly values: Map<string, string>
  length: number
  /** Milliseconds. */
  expiresAt: number
}

/** Nodes of all logs whose last entry with changes is remembered: a node appends the same one again after a loss. */
const MOST_NODES = 4_096
const SWEEP_MS = 10_000

export class KeptRetained {
  readonly #limit: number
  readonly #now: () => number
  /** By name; the set that was changed last is the last one. */
  readonly #sets = new Map<string, KeptSet>()
  /** The number of the last entry, by log and node. */
  readonly #numbers = new Map<string, number>()
  #length = 0
  #sweptAt = 0

  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  /** Carries out what an entry changes, once. */
  change(log: number, { node, number }: LogEntry, changes: readonly RetainedChange[]): void {
    const writer = `${log} ${node}`
    if (number <= (this.#numbers.get(writer) ?? 0)) return
    this.#numbers.delete(writer)
    this.#numbers.set(writer, number)
    const [first] = this.#numbers.keys()
    if (this.#numbers.size > MOST_NODES) this.#numbers.delete(String(first))
    this.#sweep()
    for (const change of changes) this.#change(change)
    for (const [name, set] of this.#sets) {
      if (this.#length <= this.#limit) break
      this.#drop(name, set)
    }
  }

  /** The values of sets that are there. */
  read(sets: readonly string[]): RetainedValue[] {
    return sets.flatMap((set) => {
      const kept = this.#find(set)
      return [...(kept?.values ?? [])].map(([key, value]) => ({ set, key, value }))
    })
  }

  #change({ set: name, key, value, most, ttlMs }: RetainedChange): void {
    const set = this.#find(name) ?? { values: new Map(), length: 0, expiresAt: 0 }
    this.#drop(name, set)
    remove(set, key)
    if (value !== undefined) write(set, key, value, most)
    if (set.values.size === 0) return
    set.expiresAt = this.#now() + ttlMs
    this.#sets.set(name, set)
    this.#length += name.length + set.length
  }

  /** A set that has not expired. */
  #find(name: string): KeptSet | undefined {
    const set = this.#sets.get(name)
    if (!set || set.expiresAt > this.#now()) return set
    this.#drop(name, set)
    return undefined
  }

  #drop(name: string, set: KeptSet): void {
    if (this.#sets.delete(name)) this.#length -= name.length + set.length
  }

  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweptAt + SWEEP_MS) return
    this.#sweptAt = now
    for (const name of [...this.#sets.keys()]) this.#find(name)
  }
}

function write(set: KeptSet, key: string, value: string, most: number): void {
  set.values.set(key, value)
  set.length += key.length + value.length
  for (const first of set.values.keys()) {
    if (set.values.size <= most) break
    remove(set, first)
  }
}

function remove(set: KeptSet, key: string): void {
  const value = set.values.get(key)
  if (value === undefined) return
  set.values.delete(key)
  set.length -= key.length + value.length
}
