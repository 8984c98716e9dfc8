/*
 * Which entries of a log were read before. An entry can be twice in a log: a node appends it again when it does not know whether
 * the broker has it, or when the broker has lost it.
 */

// More nodes than a cluster has; nodes that have ended count, too.
const MOST_NODES = 1_024
// Entries that are on their way at a time, of which a later one may arrive first.
const MOST_MISSING = 64

interface SeenOfNode {
  last: number
  /** Numbers before `last` that have not been read. */
  readonly missing: Set<number>
}

export class SeenEntries {
  readonly #nodes = new Map<string, SeenOfNode>()
  readonly #isAlive: (node: string) => boolean

  /** `isAlive`: the nodes that are not forgotten as long as there are others. */
  constructor(isAlive: (node: string) => boolean) {
    this.#isAlive = isAlive
  }

  /** The number of the last entry of a node; 0 if there is none. */
  lastOf(node: string): number {
    return this.#nodes.get(node)?.last ?? 0
  }

  /** Remembers an entry. Returns false if it was read before. */
  add(node: string, number: number): boolean {
    const seen = this.#nodes.get(node)
    if (!seen) {
      if (this.#nodes.size >= MOST_NODES) this.#forgetOne()
      this.#nodes.set(node, { last: number, missing: new Set() })
      return true
    }
    if (number <= seen.last) return seen.missing.delete(number)
    if (number - seen.last <= MOST_MISSING) {
      for (let each = seen.last + 1; each < number; each++) seen.missing.add(each)
    }
    if (seen.missing.size > MOST_MISSING) seen.missing.clear()
    seen.last = number
    return true
  }

  #forgetOne(): void {
    const nodes = [...this.#nodes.keys()]
    this.#nodes.delete(nodes.find((node) => !this.#isAlive(node)) ?? String(nodes[0]))
  }
}
