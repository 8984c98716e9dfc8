import type { Broker, PlacedEntry } from '../broker.js'
import type { BodyHead } from './log-body.js'
import { comparePositions, type Offset, parseOffset } from './log-position.js'
import type { LogPlace, LogSegments } from './log-segments.js'
import type { SeenEntries } from './seen-entries.js'

/*
 * A node that does not know whether the broker has an entry appends it again. The first copy may be in the log before the place where
 * this node began to read, and clients that come from other nodes have received it: so it is looked for there.
 */

export interface FirstCopiesOptions {
  readonly number: number
  readonly broker: Pick<Broker, 'read'>
  readonly segments: Pick<LogSegments, 'placeOf'>
  readonly seen: Pick<SeenEntries, 'add' | 'isFirst'>
}

/** Entries that are read at a time, and how many times: more are not on their way from one node. */
const PAGE = 100
const MOST_PAGES = 100

export class FirstCopies {
  readonly #options: FirstCopiesOptions
  /** The entry whose first copy was looked for last. */
  #sought: PlacedEntry | undefined

  constructor(options: FirstCopiesOptions) {
    this.#options = options
  }

  /**
   * Looks for the first copy of an entry, if it may be before the place where this node began to read, and notes it as read.
   *
   * @returns resolves when that is done, also if the broker does not answer; undefined if there is nothing to look for
   */
  look(entry: PlacedEntry, head: BodyHead | undefined, begin: LogPlace): Promise<void> | undefined {
    const { segments, seen } = this.#options
    if (head?.since === undefined || entry === this.#sought || !seen.isFirst(entry)) return undefined
    const since = parseOffset(head.since)
    // In another epoch the same positions have other entries: an entry could be taken for its own first copy.
    if (since?.epoch !== head.epoch || segments.placeOf(since)?.segment !== begin.segment) return undefined
    this.#sought = entry
    return this.#read(entry.node, since, begin).catch(() => {})
  }

  async #read(node: string, { position }: Offset, begin: LogPlace): Promise<void> {
    const { broker, number, seen } = this.#options
    let after = position
    for (let pages = 0; pages < MOST_PAGES && comparePositions(after, begin.position) < 0; pages++) {
      const { entries } = await broker.read(number, after, PAGE)
      for (const entry of entries) {
        after = entry.position
        if (entry.node === node && comparePositions(after, begin.position) <= 0) seen.add(node, entry.number)
      }
      if (entries.length === 0) return
    }
  }
}
