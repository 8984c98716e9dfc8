import { createHash, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { PlaceLeases } from '../../shared/place-leases.js'
import type { Broker } from '../broker.js'
import type { NodeMessages } from './node-messages.js'

/*
 * The leases of a node of a cluster, kept by the broker as sessions are. The lease of a place says whose it is, and is good for as long as
 * the lease of that node is. So a node prolongs one lease, however many places it has.
 */

export interface NodeLeasesOptions {
  readonly messages: Pick<NodeMessages, 'on' | 'send'>
  readonly broker: Pick<Broker, 'putSession' | 'readSession' | 'keepSessions'>
  /** How often this node has connected to the broker. What happened meanwhile it was not told. */
  readonly connections: () => number
  /** Milliseconds. */
  readonly now: () => number
}

/** Whose the lease of a place is, as the broker has said. */
interface KnownLease {
  readonly owner: string
  readonly connection: number
  /** When to ask again. */
  readonly until: number
}

// A node that dies keeps its leases for so long.
const LEASE_MS = 8_000
// Less, by as much as the clocks of a node and the broker may differ meanwhile, and a timer of the node be late.
const USABLE_MS = 5_000
const RENEW_MS = 1_500
// So often the broker is asked about each place, as it may have lost that lease, and no other: not about all at once.
const LEAST_KNOWN_MS = 15_000
const MOST_KNOWN_MS = 30_000
// Lets the broker forget it: what says whether it is good is the lease of its node.
const PLACE_MS = 120_000
// A lease that is given back is one for another millisecond: whoever hears of it earlier would come in vain.
const ENDING_MS = 1
const ENDED_MS = 5

const RELEASED = 'lease released'

export class NodeLeases implements PlaceLeases {
  readonly #options: NodeLeasesOptions
  readonly #places = new Map<string, KnownLease>()
  /** Whether other nodes live, since the last renewal. */
  readonly #living = new Map<string, Promise<boolean>>()
  /** What stands in the leases of this node: another text when the broker has not heard of it for too long. */
  #own = ''
  #renewed = Promise.resolve(0)
  #renewAt = Number.NEGATIVE_INFINITY

  constructor(options: NodeLeasesOptions) {
    this.#options = options
  }

  async claim(place: string): Promise<number> {
    const usableUntil = await this.#renew()
    const owner = (await this.#knownOwner(place)) ?? (await this.#take(place))
    return owner === this.#own ? usableUntil : 0
  }

  async release(place: string): Promise<void> {
    const { broker, messages } = this.#options
    const isOurs = this.#places.get(place)?.owner === this.#own
    this.#places.delete(place)
    // To delete it could delete that of another node.
    if (!isOurs || !(await broker.putSession(idOf(place), this.#own, ENDING_MS, this.#own))) return
    await setTimeout(ENDED_MS)
    messages.send(undefined, RELEASED, place)
  }

  onReleased(handle: (place: string) => void): void {
    this.#options.messages.on(RELEASED, (_from, place) => {
      this.#places.delete(String(place))
      handle(String(place))
    })
  }

  /** Prolongs the lease of this node. Resolves with the time until which its leases may be used. */
  #renew(): Promise<number> {
    const at = this.#options.now()
    if (at >= this.#renewAt) {
      // One at a time: two might give this node two leases.
      this.#renewAt = Number.POSITIVE_INFINITY
      this.#living.clear()
      this.#renewed = this.#prolong().then(() => at + USABLE_MS)
      this.#renewed.then(
        () => {
          this.#renewAt = at + RENEW_MS
        },
        () => {
          this.#renewAt = at
        },
      )
    }
    return this.#renewed
  }

  async #prolong(): Promise<void> {
    const { broker } = this.#options
    if (this.#own && (await broker.keepSessions([idOfNode(this.#own)], LEASE_MS)).length === 0) return
    // Other nodes may have taken what this one had. Never the same text again: it would make those leases good that they found to be not.
    const own = randomUUID()
    await broker.putSession(idOfNode(own), own, LEASE_MS, own)
    this.#own = own
  }

  /** Whose a place is, as far as that need not be asked. */
  async #knownOwner(place: string): Promise<string | undefined> {
    const known = this.#places.get(place)
    const { connections, now } = this.#options
    if (!known || known.connection !== connections() || now() >= known.until) return undefined
    return known.owner === this.#own || (await this.#lives(known.owner)) ? known.owner : undefined
  }

  /** Takes the lease of a place, unless a node that lives has it. Resolves with its owner; undefined if it has become free meanwhile. */
  async #take(place: string): Promise<string | undefined> {
    const { broker, connections, now } = this.#options
    const knownMs = LEAST_KNOWN_MS + Math.random() * (MOST_KNOWN_MS - LEAST_KNOWN_MS)
    const asked = { connection: connections(), until: now() + knownMs }
    const own = this.#own
    const put = (head: string) => broker.putSession(idOf(place), own, PLACE_MS, head)
    let owner: string | undefined = own
    if (!(await put(own))) {
      owner = await broker.readSession(idOf(place))
      // If its node is dead: of those that find that, the first one has it.
      if (owner !== undefined && !(await this.#lives(owner))) owner = (await put(owner)) ? own : undefined
    }
    if (owner !== undefined) this.#places.set(place, { owner, ...asked })
    return owner
  }

  #lives(owner: string): Promise<boolean> {
    const known = this.#living.get(owner)
    if (known) return known
    const lives = this.#options.broker.readSession(idOfNode(owner)).then((text) => text !== undefined)
    this.#living.set(owner, lives)
    return lives
  }
}

/** The id under which the broker keeps a lease: it has a space, so it is no private id of a client; and it is short. */
function idOf(place: string): string {
  return `lease ${createHash('sha256').update(place).digest('base64url')}`
}

function idOfNode(own: string): string {
  return `node ${own}`
}
