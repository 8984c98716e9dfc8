import type { ServerLimit } from '../../shared/limits/server-limit.js'

/*
 * What the nodes have of what is limited on all of them together. Each says it with its hello.
 */

export class NodeCounts {
  readonly #limits: readonly (readonly [name: string, limit: ServerLimit])[]
  /** What each of the other nodes has, in the order of the limits. */
  readonly #heard = new Map<string, readonly number[]>()

  /** `limits`: by what they limit. */
  constructor(limits: Readonly<Record<string, ServerLimit>>) {
    this.#limits = Object.entries(limits)
  }

  /** What this node has, for the others. */
  get own(): Record<string, number> {
    return Object.fromEntries(this.#limits.map(([name, limit]) => [name, limit.own]))
  }

  /** Called when this node tells all others what it has. */
  told(): void {
    for (const [, limit] of this.#limits) limit.told()
  }

  /** Called with what a node that is alive has told. A node of an older version tells nothing, and has nothing. */
  hear(node: string, told: unknown): void {
    const counts = this.#limits.map(([name]) => Object(told)[name])
    this.#heard.set(
      node,
      counts.map((count) => (Number.isSafeInteger(count) && count > 0 ? count : 0)),
    )
    this.#add()
  }

  lose(node: string): void {
    this.#heard.delete(node)
    this.#add()
  }

  #add(): void {
    const heard = [...this.#heard.values()]
    for (const [at, [, limit]] of this.#limits.entries()) {
      limit.hear(
        heard.reduce((sum, counts) => sum + Number(counts[at]), 0),
        heard.length,
      )
    }
  }
}
