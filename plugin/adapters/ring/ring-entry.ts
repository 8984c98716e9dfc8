import type { PlacedEntry } from '../broker.js'
import { type BodyHead, lastItems, visitItems } from '../log/log-body.js'
import type { EmitItem } from '../log/log-item.js'
import { isReadable } from '../log/log-packet.js'
import { formatOffset, type Offset } from '../log/log-position.js'
import { comparePlaces, type LogPlace, type LogSegment, type LogSegments } from '../log/log-segments.js'

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

/** One that is not kept yet. */
export interface NewEntry extends PlacedEntry {
  readonly head: BodyHead
  readonly segment: LogSegment
}

export class RingEntry {
  readonly position: string
  readonly node: string
  readonly number: number
  readonly segment: LogSegment
  readonly at: number
  /** The characters of its body. */
  readonly length: number
  /** What is not read yet. */
  #unread: { readonly body: string; readonly head: BodyHead } | undefined
  #emits: ReadonlyMap<string, readonly RingEmit[]> = new Map()
  #last: ReadonlyMap<string, number> | undefined

  constructor({ position, node, number, segment, head, body }: NewEntry, at: number) {
    this.position = position
    this.node = node
    this.number = number
    this.segment = segment
    this.at = at
    this.length = body.length
    this.#unread = { body, head }
  }

  /** The index of the last item of each address with emits that are kept. */
  get last(): ReadonlyMap<string, number> {
    if (this.#unread) this.#last ??= lastItems(this.#unread.body, this.#unread.head)
    return this.#last as ReadonlyMap<string, number>
  }

  /** The emits of an address. They are read when the first client asks. */
  emitsOf(address: string, segments: LogSegments, drop: () => void): readonly RingEmit[] {
    this.read(segments, drop)
    return this.#emits.get(address) ?? []
  }

  /** Reads the emits; what they were read from is not kept. `drop`: called for each that can't be read. */
  read(segments: LogSegments, drop: () => void): void {
    if (!this.#unread) return
    this.#last = this.last
    this.#emits = readEmits({ ...this.#unread, segment: this.segment, position: this.position }, segments, drop)
    this.#unread = undefined
  }
}

type ReadEntry = Pick<NewEntry, 'body' | 'head' | 'segment' | 'position'>

/** Reads the emits of an entry, by address. */
function readEmits(
  { body, head, segment, position }: ReadEntry,
  segments: LogSegments,
  drop: () => void,
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
      // A client would end its connection for it, come back, and be sent it again.
      if (!isReadable(item, name)) return drop()
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
      const before = emits.get(name)
      if (before) before.push(emit)
      else emits.set(name, [emit])
    },
    // It was reported when the entry was delivered.
    () => {},
  )
  return emits
}
