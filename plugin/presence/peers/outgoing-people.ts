import type { KeySaying, KeySayings } from '../key-saying.js'
import { createPace, type Pace, type PresenceClock } from '../presence-clock.js'
import { type PeopleMessage, type PlacePart, SAYS, splitParts, type ToldKey } from './people-message.js'

/*
 * What this node tells another one of its people: of the places that the other one wants. Changes of a few milliseconds are one message.
 */

export interface OutgoingPeopleOptions {
  readonly clock: PresenceClock
  readonly own: { find(place: string, key: string): KeySaying | undefined; told(place: string): KeySayings }
  /** The places that this node wants. */
  readonly wants: { keys(): Iterable<string> }
  readonly send: (message: PeopleMessage) => void
  /** A number for a new stream, greater than that of each earlier one: also of one that the other node still knows. */
  readonly nextStream: () => number
}

const EVERY_MS = 20

export class OutgoingPeople {
  readonly #options: OutgoingPeopleOptions
  readonly #pace: Pace
  /** The places that the other node wants. */
  readonly #wanted = new Set<string>()
  /** What is to be told: the keys, by place. */
  readonly #changes = new Map<string, Set<string>>()
  /** The places of which all is to be told. */
  readonly #wholes = new Set<string>()
  /** What this node wants since the last message, and what it wants no longer. */
  readonly #wants = new Map<string, number>()
  #isAll = true
  #stream = 0
  #number = 0

  constructor(options: OutgoingPeopleOptions) {
    this.#options = options
    this.#pace = createPace(options.clock, EVERY_MS, () => this.#flush())
    this.#pace.request()
  }

  /** The stream, and the number of its last message. */
  get last(): readonly [stream: number, number: number] {
    return [this.#stream, this.#number]
  }

  /** Tells everything anew. */
  tellAll(): void {
    this.#isAll = true
    this.#pace.request()
  }

  /** Called when a place becomes live on this node, and when it is so no longer. */
  want(place: string, isWanted: boolean): void {
    this.#wants.set(place, isWanted ? SAYS.want : SAYS.unwant)
    this.#pace.request()
  }

  /** Called when what this node has to tell of a key has changed. */
  changed(place: string, key: string): void {
    if (!this.#wanted.has(place)) return
    const keys = this.#changes.get(place)
    if (keys) keys.add(key)
    else this.#changes.set(place, new Set([key]))
    this.#pace.request()
  }

  /** Called with each place that the other node wants, or wants no longer. */
  hear(place: string, isWanted: boolean): void {
    this.#changes.delete(place)
    if (isWanted) {
      this.#wanted.add(place)
      this.#wholes.add(place)
      this.#pace.request()
    } else {
      this.#wanted.delete(place)
      this.#wholes.delete(place)
    }
  }

  /** Called with all places that the other node wants. */
  hearAll(places: ReadonlySet<string>): void {
    for (const place of [...this.#wanted]) if (!places.has(place)) this.hear(place, false)
  }

  close(): void {
    this.#pace.close()
  }

  #flush(): void {
    const isAll = this.#isAll
    if (isAll) {
      this.#stream = this.#options.nextStream()
      this.#number = 0
    }
    const messages = [...splitParts(isAll ? this.#all() : this.#rest())]
    if (isAll && messages.length === 0) messages.push([])
    this.#isAll = false
    this.#wants.clear()
    this.#wholes.clear()
    this.#changes.clear()
    for (const [index, parts] of messages.entries()) {
      const message = { stream: this.#stream, number: ++this.#number, parts }
      this.#options.send(isAll && index === messages.length - 1 ? { ...message, isEnd: true } : message)
    }
  }

  *#all(): Generator<PlacePart> {
    for (const place of this.#options.wants.keys()) yield [place, SAYS.want]
    for (const place of this.#wanted) yield this.#whole(place)
  }

  *#rest(): Generator<PlacePart> {
    yield* this.#wants
    for (const place of this.#wholes) yield this.#whole(place)
    for (const [place, keys] of this.#changes) {
      if (this.#wholes.has(place)) continue
      yield [place, SAYS.changes, [...keys].map((key): ToldKey => [key, this.#options.own.find(place, key) ?? null])]
    }
  }

  #whole(place: string): PlacePart {
    return [place, SAYS.begin | SAYS.end, [...this.#options.own.told(place)]]
  }
}
