import type { LogEntry, LogPart, LogPosition, PlacedEntry } from '../broker.js'
import { comparePositions, LOG_START } from '../log/log-position.js'

/*
 * A log in memory: its entries have the positions 1, 2, 3 and so on, and are dropped when they are too old or too many.
 */

interface KeptEntry extends PlacedEntry {
  /** Milliseconds. */
  readonly at: number
}

export class KeptLog {
  readonly #limit: number
  // Dropped entries at the start leave empty places, until they are half of the array.
  #entries: (KeptEntry | undefined)[] = []
  #start = 0
  #length = 0
  #last = 0
  /** The number of the last position that was dropped. */
  #dropped = 0

  /** `limit`: characters of the bodies that are kept. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get end(): LogPosition {
    return String(this.#last)
  }

  append({ node, number, body }: LogEntry, at: number, windowMs: number): PlacedEntry {
    const entry = { node, number, body, position: String(++this.#last), at }
    this.#entries.push(entry)
    this.#length += body.length
    for (let first = this.#first; first; first = this.#first) {
      if (first === entry || (this.#length <= this.#limit && first.at >= at - windowMs)) break
      this.#dropFirst(first)
    }
    return entry
  }

  read(after: LogPosition, limit: number): LogPart {
    const entries = this.#entries.slice(this.#start) as KeptEntry[]
    const from = entries.findLastIndex(({ position }) => comparePositions(position, after) <= 0) + 1
    return { entries: entries.slice(from, from + limit), hasGap: Number(after) < this.#dropped || this.isBehind(after) }
  }

  /** Whether a position was never given, or was lost. */
  isBehind(position: LogPosition): boolean {
    return Number(position) > this.#last
  }

  /** Loses what comes after a position. */
  rollBack(position: LogPosition = LOG_START): void {
    this.#entries = this.read(LOG_START, Number(position)).entries.filter(
      (entry) => comparePositions(entry.position, position) <= 0,
    ) as KeptEntry[]
    this.#start = 0
    this.#length = this.#entries.reduce((sum, entry) => sum + Number(entry?.body.length), 0)
    this.#last = Number(position)
    this.#dropped = Math.min(this.#dropped, this.#last)
  }

  /** Drops what comes up to a position. */
  trim(position: LogPosition): void {
    for (let first = this.#first; first && comparePositions(first.position, position) <= 0; first = this.#first) {
      this.#dropFirst(first)
    }
  }

  get #first(): KeptEntry | undefined {
    return this.#entries[this.#start]
  }

  #dropFirst({ position, body }: KeptEntry): void {
    this.#entries[this.#start++] = undefined
    this.#dropped = Number(position)
    this.#length -= body.length
    if (this.#start * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }
}
