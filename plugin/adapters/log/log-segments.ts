import type { LogPosition } from '../broker.js'
import type { BodyHead } from './log-body.js'
import { comparePositions, LOG_START, type Offset, parseOffset } from './log-position.js'

/*
 * A log as this node has read it, in segments: positions can be compared within one. The next one begins with the next epoch, when the
 * broker has lost something: then nodes append again what may be lost.
 */

export interface LogSegment {
  readonly order: number
  readonly epoch: string
  /** The last position that was read. */
  end: LogPosition
  /**
   * The last position of an entry that was appended again. Before it, nodes differ in what they have read: such an offset says
   * nothing on another node.
   */
  repeated: LogPosition
  /** When it began, or when an entry was appended again, in milliseconds. */
  changedAt: number
}

/** A place in the order in which this node has read the log. */
export interface LogPlace extends Pick<Offset, 'position' | 'index'> {
  readonly segment: LogSegment
}

// More losses than there are within the window.
const MOST_SEGMENTS = 16
// Within this time all nodes learn of an epoch, and append again what they have to.
const SETTLE_MS = 3_000

export class LogSegments {
  readonly #now: () => number
  #segments: LogSegment[] = [segmentOf(0, '', LOG_START, Number.NEGATIVE_INFINITY)]

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get current(): LogSegment {
    return this.#segments.at(-1) as LogSegment
  }

  /** Called when the log is followed, with its end. What was before is not known. */
  begin(epoch: string, end: LogPosition): void {
    this.#segments = [segmentOf(this.current.order + 1, epoch, end, Number.NEGATIVE_INFINITY)]
  }

  /** Called when the log has lost something, with the new epoch. */
  split(epoch: string): void {
    this.#segments.push(segmentOf(this.current.order + 1, epoch, LOG_START, this.#now()))
    if (this.#segments.length > MOST_SEGMENTS) this.#segments.shift()
  }

  /** Called with each entry. `epoch`: the one that this node knows. */
  read(position: LogPosition, head: BodyHead | undefined, epoch: string): void {
    if (head?.epoch === epoch && this.current.epoch !== epoch) this.split(epoch)
    this.current.end = position
    if (head?.again !== undefined) this.repeat(position)
  }

  /** Notes an entry that was appended again. */
  repeat(position: LogPosition): void {
    const { current } = this
    if (comparePositions(position, current.repeated) > 0) current.repeated = position
    current.changedAt = this.#now()
  }

  /** The place of an offset; undefined if its epoch is not known here. */
  placeOf({ epoch, position, index }: Offset): LogPlace | undefined {
    const segment = this.#segments.findLast((each) => each.epoch === epoch)
    return segment && { segment, position, index }
  }

  /** Whether all nodes have read the same up to a place, and this one has. */
  isCertain({ segment, position }: LogPlace): boolean {
    return comparePositions(position, segment.end) <= 0 && comparePositions(position, segment.repeated) >= 0
  }

  /** Whether it is known only later if a place is certain. */
  isPending({ segment, position }: LogPlace): boolean {
    if (segment !== this.current) return false
    return comparePositions(position, segment.end) > 0 || this.#now() - segment.changedAt < SETTLE_MS
  }

  /** Whether an entry that was appended again had been in the log before a place. */
  isBefore(again: Offset | undefined, begin: LogPlace): boolean {
    if (!again) return false
    const place = this.placeOf(again)
    return place === undefined || comparePlaces(place, begin) < 0
  }

  /** Whether an offset is behind a place. One of the epoch that this node has just learnt is. */
  isBehind(offset: Offset, begin: LogPlace, epoch: string): boolean {
    const place = this.placeOf(offset)
    return place ? comparePlaces(place, begin) > 0 : offset.epoch === epoch
  }

  /** The later one of two offsets; undefined if one of them can't be placed. */
  later(one: string, other: string): string | undefined {
    const [place, otherPlace] = [one, other].map((text) => {
      const offset = parseOffset(text)
      return offset && this.placeOf(offset)
    })
    if (!place || !otherPlace) return undefined
    return comparePlaces(place, otherPlace) < 0 ? other : one
  }
}

/** Negative if the first place is before the second one. */
export function comparePlaces(one: LogPlace, other: LogPlace): number {
  const difference = one.segment.order - other.segment.order
  return difference || comparePositions(one.position, other.position) || one.index - other.index
}

function segmentOf(order: number, epoch: string, end: LogPosition, changedAt: number): LogSegment {
  return { order, epoch, end, repeated: LOG_START, changedAt }
}
