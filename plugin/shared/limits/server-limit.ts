import { isWithin, type Limits } from '../limits.js'

/*
 * Limits of what a server has at a time, on this node and, where asked, on all nodes together. What the others have is a number that
 * they have told: asking for room compares numbers.
 */

export class ServerLimit {
  readonly #limit: number
  readonly #limitOfAll: number
  #own = () => 0
  /** What this node had when it has told all others. */
  #told = 0
  #others = 0
  #otherNodes = 0
  #tellSoon = () => {}

  /** 0 turns a limit off. */
  constructor(limit: number, limitOfAll = 0) {
    this.#limit = limit
    this.#limitOfAll = limitOfAll
  }

  /** `own` returns what this node has. Until this is called, it has none. */
  count(own: () => number): void {
    this.#own = own
  }

  /** Whether this node may have one more. */
  hasRoom(): boolean {
    const next = this.#own() + 1
    if (!isWithin(next, this.#limit)) return false
    if (this.#limitOfAll === 0) return true
    if (this.#limitOfAll - next - this.#others < 0) return false
    this.#tellIfMoved(next)
    return true
  }

  /** `tellSoon` is called when the others have to know soon what this node has. */
  onMoved(tellSoon: () => void): void {
    this.#tellSoon = tellSoon
  }

  /** What this node has. */
  get own(): number {
    return this.#own()
  }

  /** Called when this node tells all others what it has. */
  told(): void {
    this.#told = this.#own()
  }

  /** Called with what the other nodes have, as they have told it. */
  hear(others: number, otherNodes: number): void {
    this.#others = others
    this.#otherNodes = otherNodes
    if (this.#limitOfAll > 0) this.#tellIfMoved(this.#own())
  }

  #tellIfMoved(count: number): void {
    const more = count - this.#told
    const room = this.#limitOfAll - count - this.#others
    // If each of the others also has so many more than it has told, there is no room.
    if (more > 0 && more * this.#otherNodes >= room) this.#tellSoon()
  }
}

/** The limits that may be of all nodes, by the names of their options. */
export type ServerLimits = Readonly<Record<keyof Limits['allNodes'], ServerLimit>>

export function createServerLimits({ connections, dynamicNamespaces, allNodes }: Limits): ServerLimits {
  return {
    connections: new ServerLimit(connections, allNodes.connections),
    dynamicNamespaces: new ServerLimit(dynamicNamespaces, allNodes.dynamicNamespaces),
  }
}
