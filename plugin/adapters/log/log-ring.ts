import type { Broker, LogPosition, PlacedEntry } from '../broker.js'
import { readHead, visitItems } from './log-body.js'
import type { EmitItem } from './log-item.js'
import { comparePositions, formatOffset, type Offset, parseOffset } from './log-position.js'

/*
 * The recent entries of a log in the memory of this node, for clients that come back. What is older than the ring is read from the
 * broker once for all clients, never once for each.
 */

export interface LogRingOptions {
  readonly number: number
  readonly broker: Pick<Broker, 'read'>
  /** Milliseconds that an entry is kept. */
  readonly windowMs: number
  /** Characters of all entries; 0 turns the limit off. */
  readonly limit: number
  /** Milliseconds. */
  readonly now: () => number
}

/** An emit of one address. */
export interface RingEmit {
  readonly item: EmitItem
  readonly offset: string
  /** Whether it came after another place in the log. */
  isAfter(offset: Offset): boolean
}

interface RingEntry extends PlacedEntry {
  readonly epoch: string
  readonly at: number
  /** By address, read when the first client asks. */
  emits: ReadonlyMap<string, readonly RingEmit[]> | undefined
}

/** Entries that are read at a time. */
const PAGE = 1_000

export class LogRing {
  readonly #options: LogRingOptions
  // Dropped entries at the start leave empty places, until they are half of the array.
  #entries: RingEntry[] = []
  #start = 0
  #length = 0
  /** The place after which nothing is missing. */
  #from: Pick<Offset, 'epoch' | 'position'> | undefined
  #warming: Promise<unknown> = Promise.resolve()

  constructor(options: LogRingOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.length - this.#start
  }

  /** Called when the log is followed, with its end. */
  begin(epoch: string, end: LogPosition): void {
    this.lose()
    this.#from = { epoch, position: end }
  }

  /** Called when entries were lost that this node has not read. */
  lose(): void {
    this.#entries = []
    this.#start = 0
    this.#length = 0
    this.#from = undefined
  }

  /** Called with each entry that is read, once. */
  add(entry: PlacedEntry, epoch: string): void {
    this.#from ??= { epoch, position: entry.position }
    this.#push(this.#entries, entry, epoch)
    this.#trim()
  }

  /** Reads what is missing after a place. Resolves with false if the broker does not have it any more, or is not there. */
  covers(text: string): Promise<boolean> {
    const offset = parseOffset(text)
    if (!offset) return Promise.resolve(false)
    const covered = this.#warming.then(async () => this.#isCovered(offset) || this.#warm(offset))
    this.#warming = covered
    return covered
  }

  /** The emits of an address after a place, in order; undefined if some of them were dropped. */
  emitsAfter(address: string, text: string): RingEmit[] | undefined {
    const offset = parseOffset(text)
    if (!offset || !this.#isCovered(offset)) return undefined
    const entries = this.#entries.slice(this.#start)
    const first = entries.findLastIndex((entry) => isUpTo(entry, offset))
    return entries
      .slice(Math.max(first, 0))
      .flatMap((entry) => this.#emitsOf(entry).get(address) ?? [])
      .filter((emit) => emit.isAfter(offset))
  }

  #isCovered({ epoch, position }: Offset): boolean {
    const from = this.#from
    if (from?.epoch === epoch && comparePositions(from.position, position) <= 0) return true
    // The broker has lost something since: only a place that this node has seen itself is certain.
    return this.#entries.slice(this.#start).some((entry) => entry.epoch === epoch && entry.position === position)
  }

  async #warm(offset: Offset): Promise<boolean> {
    const { broker, number, limit } = this.#options
    const from = this.#from
    if (from?.epoch !== offset.epoch) return false
    const warmed: RingEntry[] = []
    let length = 0
    for (let after = offset.position; comparePositions(after, from.position) < 0; ) {
      const part = await broker.read(number, after, PAGE).catch(() => undefined)
      const last = part?.entries.at(-1)
      if (!part || part.hasGap) return false
      for (const entry of part.entries) {
        if (comparePositions(entry.position, from.position) > 0) break
        this.#push(warmed, entry, offset.epoch)
        length += entry.body.length
      }
      if (!last) break
      if (limit > 0 && length + this.#length > limit) return false
      after = last.position
    }
    // The log may have been followed anew meanwhile, or entries may have been dropped.
    if (this.#from !== from) return this.#isCovered(offset)
    this.#entries = [...warmed, ...this.#entries.slice(this.#start)]
    this.#start = 0
    this.#from = { epoch: offset.epoch, position: offset.position }
    return true
  }

  #push(entries: RingEntry[], entry: PlacedEntry, epoch: string): void {
    entries.push({ ...entry, epoch, at: this.#options.now(), emits: undefined })
    this.#length += entry.body.length
  }

  #trim(): void {
    const { windowMs, limit, now } = this.#options
    const before = now() - windowMs
    for (let first = this.#entries[this.#start]; first; first = this.#entries[this.#start]) {
      if (first.at >= before && (limit === 0 || this.#length <= limit)) break
      this.#start++
      this.#length -= first.body.length
      this.#from = { epoch: first.epoch, position: first.position }
    }
    if (this.#start * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }

  #emitsOf(entry: RingEntry): ReadonlyMap<string, readonly RingEmit[]> {
    entry.emits ??= readEmits(entry)
    return entry.emits
  }
}

function isUpTo(entry: RingEntry, { epoch, position }: Offset): boolean {
  return entry.epoch === epoch && comparePositions(entry.position, position) <= 0
}

function readEmits({ body, epoch, position }: RingEntry): Map<string, RingEmit[]> {
  const emits = new Map<string, RingEmit[]>()
  const head = readHead(body)
  if (!head) return emits
  const wanted = head.addresses.map((_, index) => head.kept.includes(index))
  visitItems(
    body,
    head,
    wanted,
    (item, address, index) => {
      if (item.kind !== 'emit' || item.isVolatile) return
      const name = head.addresses[address] as string
      const emit: RingEmit = {
        item,
        offset: formatOffset(epoch, position, index),
        isAfter(other) {
          // The epoch of a client, or of a room, is this one or an earlier one.
          if (other.epoch !== epoch) return true
          return (comparePositions(position, other.position) || index - other.index) > 0
        },
      }
      emits.set(name, [...(emits.get(name) ?? []), emit])
    },
    // It was reported when the entry was delivered.
    () => {},
  )
  return emits
}
