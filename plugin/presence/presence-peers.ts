import type { KeySayings } from './key-saying.js'
import { IncomingPeople } from './peers/incoming-people.js'
import { OutgoingPeople, type OutgoingPeopleOptions } from './peers/outgoing-people.js'
import { type PeopleMessage, readMessage } from './peers/people-message.js'
import type { PresenceClock } from './presence-clock.js'

/*
 * The other nodes that have people. Each says hello every two seconds, with the number of the last message that it has sent to each
 * other: so what was lost is missed, and asked for again. One that is silent, or says farewell, is lost, and its people with it.
 */

/** Sends messages between nodes. They may be lost, late or in another order. */
export interface PresenceLink {
  /** The name of this node for the others: new for each start. */
  readonly id: string
  /** Sends a value of JSON to a node; to all others if `to` is undefined. */
  send(to: string | undefined, message: unknown): void
  /** Calls `receive` for each message of another node. What it throws is logged. */
  receive(receive: (from: string, message: unknown) => void): void
}

export interface PresencePeersOptions extends Pick<OutgoingPeopleOptions, 'own' | 'wants'> {
  readonly clock: PresenceClock
  readonly link: PresenceLink
  readonly isWanted: (place: string) => boolean
  readonly changed: (place: string, key: string) => void
  /** Called when a node has told all of a place. */
  readonly told: (node: string, place: string) => void
  /** Called when a node is lost: with what it has told, and the milliseconds since it was surely gone. */
  readonly lost: (node: string, places: ReadonlyMap<string, KeySayings>, goneMs: number) => void
}

interface Peer {
  readonly incoming: IncomingPeople
  readonly outgoing: OutgoingPeople
  heardAt: number
}

const HELLO_MS = 2_000
const SILENCE_MS = 6_000
// As for the nodes of a cluster: a message can't make this node keep what it can't bound.
const MOST_PEERS = 1_024

/** The kinds of messages. A wire format. */
const KINDS = { hello: 'hello', tell: 'tell', ask: 'ask', farewell: 'farewell' }

export class PresencePeers {
  readonly #options: PresencePeersOptions
  readonly #peers = new Map<string, Peer>()
  #checkedAt = 0
  #streams = 0
  #cancelCheck: (() => void) | undefined
  #isClosed = false

  constructor(options: PresencePeersOptions) {
    this.#options = options
    options.link.receive((from, message) => this.#receive(from, message as unknown[]))
  }

  get nodes(): readonly string[] {
    return [...this.#peers.keys()]
  }

  /** What each node has told of a place. */
  *told(place: string): Generator<readonly [node: string, entries: KeySayings]> {
    for (const [node, { incoming }] of this.#peers) {
      const entries = incoming.places.get(place)
      if (entries) yield [node, entries]
    }
  }

  open(): void {
    this.#checkedAt = this.#options.clock.now()
    this.#check()
  }

  changed(place: string, key: string): void {
    for (const { outgoing } of this.#peers.values()) outgoing.changed(place, key)
  }

  want(place: string, isWanted: boolean): void {
    for (const { incoming, outgoing } of this.#peers.values()) {
      if (!isWanted) incoming.forget(place)
      outgoing.want(place, isWanted)
    }
  }

  /** Says farewell: what this node has told stands for the time of grace, unless others tell it, too. */
  close(): void {
    if (this.#cancelCheck) this.#options.link.send(undefined, [KINDS.farewell])
    this.#cancelCheck?.()
    this.#isClosed = true
    for (const peer of this.#peers.values()) closePeer(peer)
    this.#peers.clear()
  }

  /** Says hello, and drops the nodes that have been silent. */
  #check(): void {
    const { clock, link } = this.#options
    const now = clock.now()
    link.send(undefined, [KINDS.hello, [...this.#peers].map(([node, { outgoing }]) => [node, ...outgoing.last])])
    // If this node has been stopped, what others have said is still to be read.
    const isLate = now - this.#checkedAt > SILENCE_MS / 2
    this.#checkedAt = now
    this.#cancelCheck = clock.after(HELLO_MS, () => this.#check())
    if (isLate) return
    for (const [node, { heardAt }] of this.#peers) {
      const silentMs = now - heardAt
      // It may have lived until its next hello was due.
      if (silentMs > SILENCE_MS) this.#lose(node, silentMs - HELLO_MS)
    }
  }

  #receive(from: string, [kind, data]: unknown[]): void {
    if (this.#isClosed) return
    const peer = kind === KINDS.farewell ? this.#lose(from, 0) : (this.#peers.get(from) ?? this.#meet(from))
    if (!peer) return
    peer.heardAt = this.#options.clock.now()
    if (kind === KINDS.tell) peer.incoming.receive(readMessage(data))
    else if (kind === KINDS.ask) peer.outgoing.tellAll()
    else this.#hear(peer, data)
  }

  #hear({ incoming }: Peer, data: unknown): void {
    for (const [node, stream, number] of data as [string, number, number][]) {
      if (node === this.#options.link.id) incoming.hear(stream, number)
    }
  }

  #meet(node: string): Peer | undefined {
    if (this.#peers.size >= MOST_PEERS) return undefined
    const { clock, link, own, wants, isWanted, changed, told } = this.#options
    const outgoing = new OutgoingPeople({
      clock,
      own,
      wants,
      nextStream: () => ++this.#streams,
      send: (message: PeopleMessage) => link.send(node, [KINDS.tell, message]),
    })
    const incoming = new IncomingPeople({
      clock,
      ask: () => link.send(node, [KINDS.ask]),
      isWanted,
      changed,
      told: (place) => told(node, place),
      wants: (place, isWanted) => outgoing.hear(place, isWanted),
      wantsAll: (places) => outgoing.hearAll(places),
    })
    const peer = { incoming, outgoing, heardAt: clock.now() }
    this.#peers.set(node, peer)
    return peer
  }

  #lose(node: string, goneMs: number): undefined {
    const peer = this.#peers.get(node)
    if (!peer) return
    closePeer(peer)
    this.#peers.delete(node)
    this.#options.lost(node, peer.incoming.places, goneMs)
  }
}

function closePeer({ incoming, outgoing }: Peer): void {
  incoming.close()
  outgoing.close()
}
