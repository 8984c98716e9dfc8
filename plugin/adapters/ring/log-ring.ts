import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Broker, PlacedEntry } from '../broker.js'
import { type BodyHead, readHead } from '../log/log-body.js'
import {
  BEHIND_ALL,
  comparePositions,
  LOG_START,
  type Offset,
  parseOffset,
  positionBefore,
} from '../log/log-position.js'
import { comparePlaces, type LogPlace, type LogSegments } from '../log/log-segments.js'
import { KeptEntries } from './kept-entries.js'
import { type NewEntry, type RingEmit, RingEntry } from './ring-entry.js'
import type { RingMemory } from './ring-memory.js'
import { TrimmedAddresses } from './trimmed-addresses.js'

/*
 * The recent entries of a log in the memory of this node, for clients that come back. What is older than the ring is read from the
 * broker once for all clients, never once for each.
 */

export interface LogRingOptions {
  readonly number: number
  readonly broker: Pick<Broker, 'read'>
  readonly segments: LogSegments
  /** Milliseconds that an entry is kept. */
  readonly windowMs: number
  /** Of all rings of this node. */
  readonly memory: RingMemory
  /** Milliseconds. */
  readonly now: () => number
  /** Called for each emit that can't be read. */
  readonly drop: () => void
}

/** Entries that are read at a time. */
const PAGE = 100
// How often, and how many times, an offset is looked up that this node may know soon.
const LOOK_MS = 20
const MOST_LOOKS = 200
// How long entries are read before others have their turn, in milliseconds.
const BITE_MS = 5

export class LogRing {
  readonly #options: LogRingOptions
  readonly #entries: KeptEntries
  /** The place after which nothing is missing. */
  #from: LogPlace | undefined
  #trimmed: TrimmedAddresses | undefined
  #warming: Promise<unknown> = Promise.resolve()

  constructor(options: LogRingOptions) {
    this.#options = options
    this.#entries = new KeptEntries(options.memory, ({ segment, position, last }) => {
      this.#from = { segment, position, index: BEHIND_ALL }
      this.#trimmed?.add(this.#from, last)
    })
  }

  /** Called when the log is followed. */
  begin(): void {
    this.lose()
    const { current } = this.#options.segments
    this.#knowFrom({ segment: current, position: current.end, index: BEHIND_ALL })
  }

  /** Called when entries were lost that this node has not read. */
  lose(): void {
    this.#entries.replace([])
    this.#from = undefined
    this.#trimmed = undefined
  }

  /** Called with each entry that is read, once. */
  add(entry: PlacedEntry, head: BodyHead): void {
    const { segments, memory, windowMs, now } = this.#options
    const { current } = segments
    if (!this.#from) this.#knowFrom({ segment: current, position: entry.position, index: 0 })
    this.#entries.add(new RingEntry({ ...entry, head, segment: current }, now()))
    while (Number(this.#entries.oldestAt) < now() - windowMs) this.#entries.dropOldest()
    memory.trim()
  }

  /**
   * Reads what is missing for an address after an offset, and waits until this node has read the log so far.
   * Resolves with false if something is gone, if nodes may differ in what they have read before, or if the broker is not there.
   */
  async covers(address: string, text: string): Promise<boolean> {
    const offset = parseOffset(text)
    if (!offset) return false
    for (let looks = 0; looks < MOST_LOOKS && this.#isPending(offset); looks++) {
      await setTimeout(LOOK_MS, undefined, { ref: false })
    }
    const covered = this.#warming.then(async () => {
      if (!this.#isCovered(address, offset) && !(await this.#warm(address, offset))) return false
      await this.#readAfter(offset)
      return this.#isCovered(address, offset)
    })
    this.#warming = covered
    return covered
  }

  /** The emits of an address after an offset, in order; undefined if some of them were dropped. */
  emitsAfter(address: string, text: string): RingEmit[] | undefined {
    const offset = parseOffset(text)
    const place = offset && this.#options.segments.placeOf(offset)
    if (!place || !this.#isCovered(address, offset)) return undefined
    const emits: RingEmit[] = []
    const { segments, drop } = this.#options
    for (const entry of this.#entries.from(place)) {
      for (const emit of entry.emitsOf(address, segments, drop))
        if (comparePlaces(emit.place, place) > 0) emits.push(emit)
    }
    return emits
  }

  /** The later one of two offsets, in the order in which this node has read the log; undefined if one of them is not known here. */
  later(one: string, other: string): string | undefined {
    return this.#options.segments.later(one, other)
  }

  #isPending(offset: Offset): boolean {
    const { segments } = this.#options
    const place = segments.placeOf(offset)
    return place !== undefined && segments.isPending(place)
  }

  #isCovered(address: string, offset: Offset): boolean {
    const { segments } = this.#options
    const place = segments.placeOf(offset)
    const last = this.#trimmed?.lastOf(address)
    return place !== undefined && last !== undefined && segments.isCertain(place) && comparePlaces(last, place) <= 0
  }

  /** Reads the entries after an offset that is covered, in bites. */
  async #readAfter(offset: Offset): Promise<void> {
    const { segments, drop } = this.#options
    let began = performance.now()
    for (const entry of this.#entries.from(segments.placeOf(offset) as LogPlace)) {
      if (performance.now() - began > BITE_MS) {
        await setImmediate()
        began = performance.now()
      }
      entry.read(segments, drop)
    }
  }

  async #warm(address: string, offset: Offset): Promise<boolean> {
    const { broker, number, memory, segments } = this.#options
    const from = this.#from
    const place = segments.placeOf(offset)
    if (!from || from.segment !== place?.segment || !segments.isCertain(place)) return false
    const warmed = new Map<string, NewEntry>()
    let length = 0
    // The entry of the offset itself may have more items. If it is the first one that is read, nothing behind it is gone.
    const isWithin = offset.index < BEHIND_ALL && offset.position !== LOG_START
    for (
      let after = isWithin ? positionBefore(offset.position) : offset.position;
      comparePositions(after, from.position) < 0;
    ) {
      const part = await broker.read(number, after, PAGE).catch(() => undefined)
      const last = part?.entries.at(-1)
      const isFirst = isWithin && warmed.size === 0
      if (!part || (isFirst ? part.entries[0]?.position !== offset.position : part.hasGap)) return false
      for (const entry of part.entries) {
        if (comparePositions(entry.position, from.position) > 0) break
        const head = readHead(entry.body)
        if (head?.again !== undefined && entry.position !== offset.position) return false
        if (head && !warmed.has(keyOf(entry))) warmed.set(keyOf(entry), { ...entry, head, segment: from.segment })
        length += entry.body.length
      }
      if (!last) break
      if (!memory.has(length)) return false
      after = last.position
    }
    // The log may have been followed anew meanwhile, or entries may have been dropped.
    if (this.#from !== from) return this.#isCovered(address, offset)
    const known = this.#entries.all.filter((entry) => !warmed.has(keyOf(entry)))
    const { now } = this.#options
    this.#entries.replace([...[...warmed.values()].map((entry) => new RingEntry(entry, now())), ...known])
    this.#knowFrom(place)
    return true
  }

  #knowFrom(place: LogPlace): void {
    this.#from = place
    this.#trimmed = new TrimmedAddresses(place)
  }
}

function keyOf({ node, number }: Pick<PlacedEntry, 'node' | 'number'>): string {
  return `${number} ${node}`
}
