/*
 * Which nodes of the cluster are alive: each says so every two seconds, and says farewell when it closes.
 */

const HELLO_MS = 2_000
const SILENCE_MS = 6_000
// The least time until a hello that is early, and for each node: of all nodes there are a hundred a second at most.
const EARLY_MS = 100
const EARLY_MS_PER_NODE = 10
// More than a cluster has. Beyond it, nodes are not known: a message can't make this node keep what it can't bound.
const MOST_NODES = 1_024

export interface MembersOptions {
  /** Tells all nodes that this one is alive. */
  readonly sayHello: () => void
  /** Called when a node has left or has been silent for too long. */
  readonly onLost: (node: string) => void
  /** Milliseconds. */
  readonly now: () => number
}

export class ClusterMembers {
  readonly #options: MembersOptions
  /** When each node was last heard. */
  readonly #heard = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #early: NodeJS.Timeout | undefined
  #checkedAt = 0

  constructor(options: MembersOptions) {
    this.#options = options
  }

  /** The other nodes that are alive. */
  get alive(): string[] {
    return [...this.#heard.keys()]
  }

  isAlive(node: string): boolean {
    return this.#heard.has(node)
  }

  open(): void {
    this.#options.sayHello()
    this.#checkedAt = this.#options.now()
    this.#timer = setInterval(() => this.check(), HELLO_MS).unref()
  }

  /** Says hello soon, before its time. */
  hurry(): void {
    if (!this.#timer) return
    this.#early ??= setTimeout(
      () => {
        this.#early = undefined
        this.#options.sayHello()
      },
      Math.max(EARLY_MS, this.#heard.size * EARLY_MS_PER_NODE),
    ).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    clearTimeout(this.#early)
  }

  /** Called for each hello. Returns whether the node is a new one. */
  hear(node: string): boolean {
    const isNew = !this.#heard.has(node)
    if (isNew && this.#heard.size >= MOST_NODES) return false
    this.#heard.set(node, this.#options.now())
    return isNew
  }

  lose(node: string): void {
    if (this.#heard.delete(node)) this.#options.onLost(node)
  }

  /** Says hello, and drops the nodes that have been silent. */
  check(): void {
    const now = this.#options.now()
    this.#options.sayHello()
    // If this node has been stopped, what others have said is still to be read.
    const isLate = now - this.#checkedAt > SILENCE_MS / 2
    this.#checkedAt = now
    if (isLate) return
    for (const [node, at] of this.#heard) if (now - at > SILENCE_MS) this.lose(node)
  }
}
