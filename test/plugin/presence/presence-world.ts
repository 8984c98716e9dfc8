import type { PresenceClock } from '../../../plugin/presence/presence-clock.js'
import type { PresenceLink } from '../../../plugin/presence/presence-peers.js'
import { type HeldPlace, PresencePlaces } from '../../../plugin/presence/presence-places.js'

/*
 * A cluster in which time and messages are those of the test: messages may be lost, late or in another order, and nodes may stand still.
 */

interface Timer {
  readonly at: number
  readonly node: string | undefined
  run: () => void
}

export class World {
  now = 0
  /** How much too early timers fire: those of Node.js begin when their tick has begun. */
  earlyMs = 0
  /** What becomes of a message: the milliseconds that it takes; undefined: it is lost. */
  delayOf: (from: string, to: string) => number | undefined = () => 1
  readonly nodes = new Map<string, TestedNode>()
  readonly #timers = new Set<Timer>()
  /** Nodes that stand still, and what has come due meanwhile. */
  readonly #stopped = new Map<string, Timer[]>()

  clock(node?: string): PresenceClock {
    return {
      now: () => this.now,
      wall: () => this.now,
      after: (ms, run) => {
        const timer = { at: this.now + Math.max(ms - this.earlyMs, 1), node, run }
        this.#timers.add(timer)
        return () => {
          this.#timers.delete(timer)
          timer.run = () => {}
        }
      },
    }
  }

  start(id: string): TestedNode {
    const node = new TestedNode(this, id)
    this.nodes.set(id, node)
    node.places.open()
    return node
  }

  /** Ends a node as a signal does. */
  kill(id: string): void {
    this.nodes.delete(id)
    for (const timer of this.#timers) if (timer.node === id) this.#timers.delete(timer)
  }

  stop(id: string): void {
    this.#stopped.set(id, this.#stopped.get(id) ?? [])
  }

  resume(id: string): void {
    const due = this.#stopped.get(id) ?? []
    this.#stopped.delete(id)
    for (const timer of due) timer.run()
  }

  send(from: string, to: string | undefined, message: unknown): void {
    const text = JSON.stringify(message)
    for (const id of this.nodes.keys()) {
      if (id === from || (to !== undefined && to !== id)) continue
      const delay = this.delayOf(from, id)
      if (delay === undefined) continue
      this.clock(id).after(delay, () => this.nodes.get(id)?.receive(from, JSON.parse(text)))
    }
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      let next: Timer | undefined
      for (const timer of this.#timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer
      if (!next) break
      this.#timers.delete(next)
      this.now = next.at
      const waiting = next.node === undefined ? undefined : this.#stopped.get(next.node)
      if (waiting) waiting.push(next)
      else next.run()
    }
    this.now = end
  }
}

/** A node, and what its clients have been told of one place. */
export class TestedNode {
  readonly places: PresencePlaces
  receive!: (from: string, message: unknown) => void
  readonly log: string[] = []
  #held: HeldPlace | undefined
  /** What a client has made of the state and the changes; undefined: no client is here. */
  shown: Map<string, readonly [devices: number, meta: unknown]> | undefined

  constructor(world: World, id: string) {
    const link: PresenceLink = {
      id,
      send: (to, message) => world.send(id, to, message),
      receive: (receive) => {
        this.receive = receive
      },
    }
    this.places = new PresencePlaces({ clock: world.clock(id), link })
  }

  /** A client wants to know who is here, from now on. */
  watch(place: string, rules = { graceMs: 1_000, maxKeys: 10_000 }): void {
    if (this.#held) return
    const held = this.places.hold(place, rules)
    this.#held = held
    held.follow((change) => {
      if (!this.shown) {
        this.shown = new Map(held.state.entries.map(({ key, devices, meta }) => [key, [devices, meta]]))
        return
      }
      for (const key of change?.left ?? []) {
        if (!this.shown.delete(key)) this.log.push(`${key} has left twice`)
        this.log.push(`-${key}`)
      }
      for (const { key, devices, meta } of change?.joined ?? []) {
        if (this.shown.has(key)) this.log.push(`${key} has joined twice`)
        this.shown.set(key, [devices, meta])
        this.log.push(`+${key}`)
      }
      for (const { key, devices, meta } of change?.updated ?? []) {
        if (!this.shown.has(key)) this.log.push(`${key} is not here`)
        this.shown.set(key, [devices, meta])
        this.log.push(`~${key}`)
      }
    })
  }

  unwatch(): void {
    this.#held?.release()
    this.#held = undefined
    this.shown = undefined
  }
}
