import type { RetainedChange } from '../broker.js'

/*
 * The changes of one entry. What a later one makes needless is left out: a value whose key is written again, and a value behind which
 * its set has as many others as it keeps.
 */

interface BatchedSet {
  /** Behind a removal nothing before it is left out: it decides which values a full set keeps. */
  readonly settled: RetainedChange[]
  /** The values since the last removal, by key, in the order in which they were written. */
  values: Map<string, RetainedChange>
}

export class RetainedBatch {
  readonly #sets = new Map<string, BatchedSet>()
  /** Characters. */
  length = 0

  add(change: RetainedChange): void {
    const set: BatchedSet = this.#sets.get(change.set) ?? { settled: [], values: new Map() }
    this.#sets.set(change.set, set)
    this.length += lengthOf(change)
    if (change.value === undefined) {
      set.settled.push(...set.values.values(), change)
      set.values = new Map()
      return
    }
    this.#drop(set, set.values.get(change.key))
    set.values.set(change.key, change)
    const [first] = set.values.values()
    if (set.values.size > change.most) this.#drop(set, first)
  }

  /** Those of one set in order. */
  toChanges(): readonly RetainedChange[] {
    return [...this.#sets.values()].flatMap(({ settled, values }) => [...settled, ...values.values()])
  }

  #drop({ values }: BatchedSet, change: RetainedChange | undefined): void {
    if (!change) return
    values.delete(change.key)
    this.length -= lengthOf(change)
  }
}

function lengthOf({ set, key, value = '' }: RetainedChange): number {
  return set.length + key.length + value.length
}
