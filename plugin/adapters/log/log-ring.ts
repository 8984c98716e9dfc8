import { setTimeout } from 'node:timers/promises'
import type { Broker, PlacedEntry } from '../broker.js'
import { type BodyHead, lastItems, readHead } from './log-body.js'
import { BEHIND_ALL, comparePositions, LOG_START, type Offset, parseOffset, positionBefore } from './log-position.js'
import { comparePlaces, type LogPlace, type LogSegments } from './log-segments.js'
import { type NewEntry, type RingEmit, type RingEntry, readEmits } from './ring-entry.js'
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
  /** Characters of all entries; 0 turns the limit off. */
  readonly limit: number
  /** Milliseconds. */
  readonly now: () => number
}

/** Entries that are read at a time. */
const PAGE = 1_000
// How often, and how many times, an offset is looked up that this node may know soon.
const LOOK_MS = 20
const MOST_LOOKS = 200

export class LogRing {
  readonly #options: LogRingOptions
  // Dropped entries at the start leave empty places, until they are half of the array.
  #entries: RingEntry[] = []
  #start = 0
  #length = 0
  /** The place after which nothing is missing. */
  #from: LogPlace | undefined
  #trimmed: TrimmedAddresses | undefined
  #warming: Promise<unknown> = Promise.resolve()

  constructor(options: LogRingOptions) {
    this.#options = options
  }

  /** Called when the log is followed. */
  begin(): void {
    this.lose()
    const { current } = this.#options.segments
    this.#knowFrom({ segment: current, position: current.end, index: BEHIND_ALL })
  }

  /** Called when entries were lost that this node has not read. */
  lose(): void {
    this.#entries = []
    this.#start = 0
    this.#length = 0
    this.#from = undefined
    this.#trimmed = undefined
  }

  /** Called with each entry that is read, once. */
  add(entry: PlacedEntry, head: BodyHead): void {
    const { current } = this.#options.segments
    if (!this.#from) this.#knowFrom({ segment: current, position: entry.position, index: 0 })
    this.#push({ ...entry, head, segment: current })
    this.#trim()
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
    const covered = this.#warming.then(async () => this.#isCovered(address, offset) || this.#warm(address, offset))
    this.#warming = covered
    return covered
  }

  /** The emits of an address after an offset, in order; undefined if some of them were dropped. */
  emitsAfter(address: string, text: string): RingEmit[] | undefined {
    const offset = parseOffset(text)
    const place = offset && this.#options.segments.placeOf(offset)
    if (!place || !this.#isCovered(address, offset)) return undefined
    const emits: RingEmit[] = []
    for (let at = this.#firstFrom(place); at < this.#entries.length; at++) {
      const entry = this.#entries[at] as RingEntry
      entry.emits ??= readEmits(entry, this.#options.segments)
      for (const emit of entry.emits.get(address) ?? []) if (comparePlaces(emit.place, place) > 0) emits.push(emit)
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

  /** The first entry that may have something after a place. */
  #firstFrom({ segment, position }: LogPlace): number {
    let low = this.#start
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle] as RingEntry
      const difference = entry.segment.order - segment.order || comparePositions(entry.position, position)
      if (difference < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  async #warm(address: string, offset: Offset): Promise<boolean> {
    const { broker, number, limit, segments } = this.#options
    const from = this.#from
    const place = segments.placeOf(offset)
    if (!from || from.segment !== place?.segment || !segments.isCertain(place)) return false
    const warmed = new Map<string, NewEntry>()
    let length = this.#length
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
      if (limit > 0 && length > limit) return false
      after = last.position
    }
    // The log may have been followed anew meanwhile, or entries may have been dropped.
    if (this.#from !== from) return this.#isCovered(address, offset)
    const known = this.#entries.slice(this.#start).filter((entry) => !warmed.has(keyOf(entry)))
    this.#entries = []
    this.#start = 0
    for (const entry of warmed.values()) this.#push(entry)
    this.#entries.push(...known)
    this.#knowFrom(place)
    return true
  }

  #knowFrom(place: LogPlace): void {
    this.#from = place
    this.#trimmed = new TrimmedAddresses(place)
  }

  #push({ position, body, node, number, head, segment }: NewEntry): void {
    this.#entries.push({ position, body, node, number, head, segment, at: this.#options.now(), emits: undefined })
    this.#length += body.length
  }

  #trim(): void {
    const { windowMs, limit, now } = this.#options
    const before = now() - windowMs
    for (let first = this.#entries[this.#start]; first; first = this.#entries[this.#start]) {
      if (first.at >= before && (limit === 0 || this.#length <= limit)) break
      this.#start++
      this.#length -= first.body.length
      this.#from = { segment: first.segment, position: first.position, index: BEHIND_ALL }
      this.#trimmed?.add(this.#from, lastItems(first.body, first.head))
    }
    if (this.#start * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }
}

function keyOf({ node, number }: Pick<PlacedEntry, 'node' | 'number'>): string {
  return `${number} ${node}`
}
