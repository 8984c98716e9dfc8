import type { KeySaying, KeySayings } from '../key-saying.js'
import type { PresenceClock } from '../presence-clock.js'
import { type PeopleMessage, type PlacePart, SAYS } from './people-message.js'

/*
 * What another node has told of its people. Messages may be late or lost: then it is asked to tell everything anew, and until it has
 * done so, what it told before stands.
 */

export interface IncomingPeopleOptions {
  readonly clock: PresenceClock
  /** Asks the other node to tell everything. */
  readonly ask: () => void
  /** Whether this node wants to be told of a place. */
  readonly isWanted: (place: string) => boolean
  /** Called when the other node says something else of a key. */
  readonly changed: (place: string, key: string) => void
  /** Called when the other node has told all of a place. */
  readonly told: (place: string) => void
  /** Called with each place that the other node wants, or wants no longer. */
  readonly wants: (place: string, isWanted: boolean) => void
  /** Called with all places that the other node wants. */
  readonly wantsAll: (places: ReadonlySet<string>) => void
}

// What is missing may be under way: messages need not arrive in their order.
const PATIENCE_MS = 500
// Messages that wait for an earlier one.
const MOST_WAITING = 1_000

export class IncomingPeople {
  readonly #options: IncomingPeopleOptions
  readonly #places = new Map<string, Map<string, KeySaying>>()
  /** By place: what is told anew, until all is told. */
  readonly #anew = new Map<string, Map<string, KeySaying>>()
  /** Messages that came before an earlier one. */
  readonly #waiting = new Map<number, PeopleMessage>()
  #stream = 0
  #next = 1
  /** While everything is told: the places that the other node wants. */
  #wanted: Set<string> | undefined
  /** The last message that the other node says it has sent. */
  #sent: readonly [stream: number, number: number] = [1, 1]
  #cancelAsking: (() => void) | undefined

  constructor(options: IncomingPeopleOptions) {
    this.#options = options
    this.#askLater()
  }

  get places(): ReadonlyMap<string, KeySayings> {
    return this.#places
  }

  /** Called with the stream of the other node, and the number of the last message that it has sent. */
  hear(stream: number, number: number): void {
    this.#sent = [stream, number]
    if (this.#isLacking) this.#askLater()
  }

  receive(message: PeopleMessage): void {
    if (message.stream > this.#stream) {
      this.#stream = message.stream
      this.#next = 1
      this.#waiting.clear()
      this.#wanted = undefined
    }
    const isNew = message.stream === this.#stream && message.number >= this.#next
    const isTooMuch = message.number > this.#next && this.#waiting.size >= MOST_WAITING
    if (!isNew || isTooMuch) return
    this.#waiting.set(message.number, message)
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next++)
      this.#read(next)
    }
    if (this.#waiting.size > 0) this.#askLater()
  }

  /** Called when this node wants to be told of a place no longer. */
  forget(place: string): void {
    this.#places.delete(place)
    this.#anew.delete(place)
  }

  close(): void {
    this.#cancelAsking?.()
  }

  get #isLacking(): boolean {
    const [stream, number] = this.#sent
    const isBehind = stream > this.#stream || (stream === this.#stream && number >= this.#next)
    return isBehind || this.#waiting.size > 0
  }

  #askLater(): void {
    this.#cancelAsking ??= this.#options.clock.after(PATIENCE_MS, () => {
      this.#cancelAsking = undefined
      if (this.#isLacking) this.#options.ask()
    })
  }

  #read({ number, isEnd, parts }: PeopleMessage): void {
    if (number === 1) {
      this.#wanted = new Set()
      this.#anew.clear()
    }
    for (const part of parts) this.#readPart(part)
    if (!isEnd || !this.#wanted) return
    // Of a place that was not told, nothing is new: a node that has forgotten this one has still to hear what it wants.
    this.#options.wantsAll(this.#wanted)
    this.#wanted = undefined
  }

  #readPart([place, says, keys = []]: PlacePart): void {
    if (says & (SAYS.want | SAYS.unwant)) {
      const isWanted = (says & SAYS.want) > 0
      if (isWanted) this.#wanted?.add(place)
      this.#options.wants(place, isWanted)
      return
    }
    // It was under way when this node ceased to want it.
    if (!this.#options.isWanted(place)) return
    if (says & SAYS.begin) this.#anew.set(place, new Map())
    const anew = this.#anew.get(place)
    // Neither: what it tells of the place as a whole is still under way.
    const entries = anew ?? this.#places.get(place)
    for (const [key, told] of entries ? keys : []) {
      if (told) entries?.set(key, told)
      else entries?.delete(key)
      if (!anew) this.#options.changed(place, key)
    }
    if (says & SAYS.end && anew) this.#replace(place, anew)
  }

  #replace(place: string, entries: Map<string, KeySaying>): void {
    const before = this.#places.get(place)
    this.#anew.delete(place)
    this.#places.set(place, entries)
    for (const key of new Set([...(before?.keys() ?? []), ...entries.keys()])) this.#options.changed(place, key)
    this.#options.told(place)
  }
}
