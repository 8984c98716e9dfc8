import type { PresenceChange } from '../definition/presence/presence-types.js'
import type { KeySaying, KeySayings } from './key-saying.js'
import { type NodeSayings, PlaceView } from './place-view.js'
import { createPace, type Pace, type PresenceClock } from './presence-clock.js'

/*
 * A place that this node wants to know of. Its changes are told when all nodes have said who is there: until then, those who have been
 * there would seem to join.
 */

/** What a definition says of its places. */
export interface PlaceRules {
  /** How long a device that was lost may take to come back. */
  readonly graceMs: number
  /** How many keys clients are told of. */
  readonly maxKeys: number
}

export interface LivePlaceOptions {
  readonly clock: PresenceClock
  readonly rules: PlaceRules
  /** The nodes that have to say who is there. */
  readonly nodes: Iterable<string>
  /** When all nodes are known, on the clock. */
  readonly knownAt: number
  /** What the nodes say of a key. */
  readonly sayingsOf: (key: string) => NodeSayings
}

type OnChange = (change: PresenceChange | undefined) => void

/** At most one change is told of a place in this time. */
const EVERY_MS = 50
/** How long a place waits for what the nodes say. */
const WAIT_MS = 1_000

export class LivePlace {
  readonly view: PlaceView
  /** Resolves when all nodes have said who is there, or a second later. */
  readonly isReady: Promise<void>
  holders = 0
  readonly #clock: PresenceClock
  readonly #graceMs: number
  readonly #pace: Pace
  readonly #awaited: Set<string>
  /** What nodes that were lost have said, by their ids. */
  readonly #lost = new Map<string, KeySayings>()
  readonly #cancels = new Set<() => void>()
  #resolve!: () => void
  /** Whether all nodes are known that have to say who is here. */
  #isMet: boolean
  #isKnown = false
  #onChange: OnChange | undefined

  constructor({ clock, rules, nodes, knownAt, sayingsOf }: LivePlaceOptions) {
    this.#clock = clock
    this.#graceMs = rules.graceMs
    this.#isMet = knownAt <= clock.now()
    this.#awaited = new Set(nodes)
    this.view = new PlaceView(rules.maxKeys, sayingsOf)
    this.#pace = createPace(clock, EVERY_MS, () => this.#flush())
    this.isReady = new Promise((resolve) => {
      this.#resolve = resolve
    })
    if (!this.#isMet) this.#later(knownAt - clock.now(), () => this.#meet())
    if (this.#awaited.size > 0) this.#later(WAIT_MS, () => this.#told([...this.#awaited]))
    this.#checkKnown()
  }

  /** What nodes that were lost have said. */
  get lost(): ReadonlyMap<string, KeySayings> {
    return this.#lost
  }

  /** Called when a node says something else of a key. */
  mark(key: string): void {
    this.view.mark(key)
    this.#pace.request()
  }

  /** Calls `onChange` with each change; with undefined if it was requested, and nothing has changed. */
  follow(onChange: OnChange): void {
    this.#onChange = onChange
    this.#pace.request()
  }

  request(): void {
    this.#pace.request()
  }

  /** Called when a node has said who is here. */
  told(node: string): void {
    this.#told([node])
  }

  /** Called when a node is lost: its devices leave when they would, had they been lost when it was. */
  lose(node: string, said: KeySayings | undefined, goneMs: number): void {
    if (said) {
      const leaving = new Map([...said].map(([key, told]) => [key, leavingOf(told)]))
      this.#lost.set(node, leaving)
      this.#later(Math.max(0, this.#graceMs - goneMs), () => {
        if (this.#lost.get(node) === leaving) this.#lost.delete(node)
        for (const key of leaving.keys()) this.mark(key)
      })
      for (const key of leaving.keys()) this.mark(key)
    }
    this.#told([node])
  }

  close(): void {
    this.#pace.close()
    for (const cancel of this.#cancels) cancel()
    this.#resolve()
  }

  #later(ms: number, run: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#cancels.delete(cancel)
      run()
    })
    this.#cancels.add(cancel)
  }

  #told(nodes: readonly string[]): void {
    for (const node of nodes) this.#awaited.delete(node)
    this.#checkKnown()
  }

  // Not by the clock: a timer may fire a millisecond before its time.
  #meet(): void {
    this.#isMet = true
    this.#checkKnown()
  }

  #checkKnown(): void {
    if (this.#isKnown || this.#awaited.size > 0 || !this.#isMet) return
    this.#isKnown = true
    this.#resolve()
    this.#pace.request()
  }

  #flush(): void {
    if (this.#isKnown) this.#onChange?.(this.view.take())
  }
}

function leavingOf([connected, leaving, at, meta]: KeySaying): KeySaying {
  return [0, connected + leaving, at, meta]
}
