import type { PlacedEntry } from '../broker.js'

/*
 * Which entries of a log were read before. An entry can be twice in a log: a node appends it again when it does not know whether
 * the broker has it, or when the broker has lost it.
 */

// More nodes than a cluster has; nodes that have ended count, too.
const MOST_NODES = 1_024
// Entries that are on their way at a time, of which a later one may arrive first.
const MOST_MISSING = 64
// Within this time a node appends again what the broker has refused, or lost.
const SETTLE_MS = 3_000

type NumberedEntry = Pick<PlacedEntry, 'node' | 'number'>

interface SeenOfNode {
  last: number
  /** Numbers before `last` that have not been read. */
  readonly missing: Set<number>
  /** Whether its next entry may have any number. */
  isNew: boolean
}

/** Entries of a node that have not come, although a later one has. */
interface EntryGap {
  /** They are between two numbers. */
  readonly after: number
  readonly before: number
  readonly node: string
  readonly come: Set<number>
  readonly fill: () => void
}

export class SeenEntries {
  readonly #nodes = new Map<string, SeenOfNode>()
  readonly #isAlive: (node: string) => boolean
  #gap: EntryGap | undefined
  /** Runs for a while after a loss. */
  #settling: NodeJS.Timeout | undefined
  /** What the nodes have told in that time. */
  readonly #excused = new Map<string, number>()

  /** `isAlive`: the nodes of the cluster, which are not forgotten as long as there are others. */
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
      this.#nodes.set(node, { last: number, missing: new Set(), isNew: false })
      return true
    }
    if (number <= seen.last) return seen.missing.delete(number)
    if (number - seen.last <= MOST_MISSING) {
      for (let each = seen.last + 1; each < number; each++) seen.missing.add(each)
    }
    if (seen.missing.size > MOST_MISSING) seen.missing.clear()
    seen.last = number
    seen.isNew = false
    return true
  }

  /** Whether an entry is the first one of its node since this node began to read. */
  isFirst({ node }: NumberedEntry): boolean {
    return this.#nodes.get(node)?.isNew !== false
  }

  /** Whether others are missing before an entry; never before the first one of a node, or before what a stranger has written. */
  isAhead({ node, number }: NumberedEntry): boolean {
    const seen = this.#nodes.get(node)
    return seen !== undefined && !seen.isNew && number > seen.last + 1 && this.#isAlive(node)
  }

  /** Resolves with whether what is missing before an entry has been noted; after three seconds at the latest. */
  fillBefore({ node, number }: NumberedEntry): Promise<boolean> {
    const seen = this.#nodes.get(node) as SeenOfNode
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, SETTLE_MS, false).unref()
      const fill = () => {
        this.#gap = undefined
        clearTimeout(timer)
        seen.isNew = true
        resolve(true)
      }
      this.#gap = { node, after: seen.last, before: number, come: new Set(), fill }
    })
  }

  /** Called with each entry that is held back. */
  note({ node, number }: NumberedEntry): void {
    const gap = this.#gap
    if (node !== gap?.node || number <= gap.after || number >= gap.before) return
    gap.come.add(number)
    if (gap.come.size === gap.before - gap.after - 1) gap.fill()
  }

  /** Called when entries may be missing before the next one of each node. What is missing is not waited for. */
  begin(): void {
    this.#gap?.fill()
    this.#excused.clear()
    for (const seen of this.#nodes.values()) seen.isNew = true
  }

  /** Called when entries are gone that were not read. What others tell within three seconds may be a part of that. */
  lose(): void {
    this.begin()
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      this.#settling = undefined
    }, SETTLE_MS).unref()
  }

  /** Whether the entry of a node, which it has told, was not read, and belongs to no loss that is known. */
  lacks(node: string, number: number): boolean {
    if (Math.max(this.lastOf(node), this.#excused.get(node) ?? 0) >= number) return false
    if (this.#settling) this.#excused.set(node, number)
    return !this.#settling
  }

  #forgetOne(): void {
    const nodes = [...this.#nodes.keys()]
    this.#nodes.delete(nodes.find((node) => !this.#isAlive(node)) ?? String(nodes[0]))
  }
}
