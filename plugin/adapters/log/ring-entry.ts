import type { PlacedEntry } from '../broker.js'
import { type BodyHead, visitItems } from './log-body.js'
import type { EmitItem } from './log-item.js'
import { formatOffset, type Offset } from './log-position.js'
import { comparePlaces, type LogPlace, type LogSegment, type LogSegments } from './log-segments.js'

/*
 * An entry in a ring, and the emits in it.
 */

/** An emit of one address. */
export interface RingEmit {
  readonly item: EmitItem
  readonly offset: string
  readonly place: LogPlace
  /** Whether it came after another place in the log. */
  isAfter(offset: Offset): boolean
}

export interface RingEntry extends PlacedEntry {
  readonly head: BodyHead
  readonly segment: LogSegment
  readonly at: number
  /** By address, read when the first client asks. */
  emits: ReadonlyMap<string, readonly RingEmit[]> | undefined
}

/** One that is not kept yet. */
export type NewEntry = Omit<RingEntry, 'at' | 'emits'>

/** Reads the emits of an entry, by address. */
export function readEmits(
  { body, head, segment, position }: RingEntry,
  segments: LogSegments,
): Map<string, RingEmit[]> {
  const emits = new Map<string, RingEmit[]>()
  const wanted = head.addresses.map((address) => head.kept.includes(address))
  visitItems(
    body,
    head,
    wanted,
    (item, address, index) => {
      if (item.kind !== 'emit' || item.isVolatile) return
      const name = head.addresses[address] as string
      const place = { segment, position, index }
      const emit: RingEmit = {
        item,
        place,
        offset: formatOffset(segment.epoch, position, index),
        isAfter(offset) {
          const other = segments.placeOf(offset)
          // An epoch that is not known any more is an earlier one.
          return other === undefined || comparePlaces(place, other) > 0
        },
      }
      emits.set(name, [...(emits.get(name) ?? []), emit])
    },
    // It was reported when the entry was delivered.
    () => {},
  )
  return emits
}
