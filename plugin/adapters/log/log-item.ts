import type { RetainedMark } from '../../shared/retained-emits.js'
import { FST_NSP_ROOM_INVALID } from '../broker-errors.js'

/*
 * What nodes tell each other by a log, in its order: emits, and changes to the sockets of all nodes. Each is one line of JSON. What
 * other nodes write is checked field by field.
 */

export interface EmitItem {
  readonly kind: 'emit'
  /** The event's packet, as Socket.IO's own encoder writes it. */
  readonly text: string
  readonly attachments: readonly Buffer[]
  readonly rooms: ReadonlySet<string>
  readonly except: ReadonlySet<string>
  readonly isVolatile: boolean
  readonly compress: boolean | undefined
  /** What it does to the values of its place; undefined: nothing. Its place has at most one room. */
  readonly retain?: RetainedMark | undefined
}

/** Sockets join rooms, leave rooms, or are disconnected. */
export interface ChangeItem {
  readonly kind: 'join' | 'leave' | 'disconnect'
  readonly rooms: ReadonlySet<string>
  readonly except: ReadonlySet<string>
  /** The rooms to join or to leave. */
  readonly names: readonly string[]
  /** Whether the connection is closed, too. */
  readonly isClosing: boolean
}

/** A server-side emit without an ack. */
interface ServerEmitItem {
  readonly kind: 'server'
  /** The event and its arguments. */
  readonly data: readonly unknown[]
}

export type LogItem = EmitItem | ChangeItem | ServerEmitItem

/** What a live address does with the items of its log. */
export interface LogReceiver {
  /**
   * @param node - the node that has emitted it
   * @param offset - its place in the log
   */
  receive(item: LogItem, node: string, offset: string): void
  /** Answers a question of another node about the sockets of this one. */
  answer(kind: string, data: unknown, from: string): unknown
  /** Closes the connections of all sockets, because they have missed something that can't be read any more. */
  closeConnections(): void
  /**
   * Called when the values that are retained may be others than items have told, and are to be read again: the broker has lost
   * something, or an entry was appended again after that.
   */
  rereadRetained?(): void
}

/** Which sockets an item is for, as Socket.IO's adapters get it. */
interface ItemTarget {
  readonly rooms: ReadonlySet<string>
  readonly except?: ReadonlySet<string>
  readonly flags?: { readonly volatile?: boolean; readonly compress?: boolean; readonly retain?: RetainedMark }
}

/** What another node can have this one keep, of one emit at one place. */
const MOST_VALUES = 10_000

const VOLATILE = 1
const COMPRESSED = 2
const UNCOMPRESSED = 4

const NO_ROOMS: ReadonlySet<string> = new Set()

/**
 * The names of rooms, as nodes tell them each other.
 *
 * @throws FST_NSP_ROOM_INVALID for one that is not a string, which works on one node only
 */
export function roomNames(rooms: Iterable<string> = NO_ROOMS): string[] {
  const names = [...rooms]
  for (const name of names) if (typeof name !== 'string') throw new FST_NSP_ROOM_INVALID(typeof name)
  return names
}

/** The fields of an emit. `encoded`: the packet's text, and its attachments. Throws as `roomNames` does. */
export function emitFields(
  encoded: readonly (string | ArrayBuffer | ArrayBufferView)[],
  { rooms, except, flags }: ItemTarget,
): unknown[] {
  const [text, ...attachments] = encoded
  const compress = flags?.compress === undefined ? 0 : flags.compress ? COMPRESSED : UNCOMPRESSED
  const bits = (flags?.volatile ? VOLATILE : 0) + compress
  const fields: unknown[] = ['e', text, bits, roomNames(rooms), roomNames(except)]
  for (const each of attachments as (ArrayBuffer | ArrayBufferView)[]) {
    // A view may be a part of a larger buffer.
    const bytes = ArrayBuffer.isView(each)
      ? Buffer.from(each.buffer, each.byteOffset, each.byteLength)
      : Buffer.from(each)
    fields.push(bytes.toString('base64'))
  }
  if (flags?.retain) fields.push(markFields(flags.retain))
  return fields
}

function markFields({ emit, key, isRemoval, most, ttlMs }: RetainedMark): unknown[] {
  return [emit, key, isRemoval, most, ttlMs]
}

function readMark([emit, key, isRemoval, most, ttlMs]: readonly unknown[]): RetainedMark | undefined {
  if (typeof emit !== 'string' || typeof key !== 'string' || typeof isRemoval !== 'boolean') return undefined
  if (!Number.isSafeInteger(most) || Number(most) < 1 || Number(most) > MOST_VALUES) return undefined
  if (typeof ttlMs !== 'number') return undefined
  return { emit, key, isRemoval, most: Number(most), ttlMs }
}

const CHANGES = { j: 'join', l: 'leave', d: 'disconnect' } as const

/** The fields of a change. Throws as `roomNames` does. */
export function changeFields(
  kind: ChangeItem['kind'],
  { rooms, except }: ItemTarget,
  names: readonly string[],
  isClosing = false,
): unknown[] {
  return [kind[0], roomNames(rooms), roomNames(except), roomNames(names), isClosing]
}

export function serverEmitFields(data: readonly unknown[]): unknown[] {
  return ['s', data]
}

/** Reads the fields of an item; undefined for what no node of this version writes. */
export function readItem([kind, ...fields]: readonly unknown[]): LogItem | undefined {
  if (kind === 'e') return readEmit(fields)
  if (kind === 'j' || kind === 'l' || kind === 'd') return readChange(CHANGES[kind], fields)
  const [data] = fields
  if (kind !== 's' || !Array.isArray(data) || typeof data[0] !== 'string') return undefined
  return { kind: 'server', data }
}

function readEmit([text, bits, rooms, except, ...rest]: readonly unknown[]): EmitItem | undefined {
  const last = rest.at(-1)
  const attachments = Array.isArray(last) ? rest.slice(0, -1) : rest
  const retain = Array.isArray(last) ? readMark(last) : undefined
  if (typeof text !== 'string' || !isEventText(text, attachments.length) || typeof bits !== 'number') return undefined
  if (!areStrings(rooms) || !areStrings(except) || !areStrings(attachments)) return undefined
  return {
    kind: 'emit',
    text,
    attachments: attachments.map((each) => Buffer.from(each, 'base64')),
    rooms: setOf(rooms),
    except: setOf(except),
    isVolatile: (bits & VOLATILE) > 0,
    compress: bits & COMPRESSED ? true : bits & UNCOMPRESSED ? false : undefined,
    retain: Array.isArray(rooms) && rooms.length < 2 ? retain : undefined,
  }
}

function readChange(kind: ChangeItem['kind'], fields: readonly unknown[]): ChangeItem | undefined {
  const [rooms, except, names, isClosing] = fields
  if (!areStrings(rooms) || !areStrings(except) || !areStrings(names)) return undefined
  return { kind, rooms: setOf(rooms), except: setOf(except), names, isClosing: isClosing === true }
}

/** Whether a text begins and ends as that of an event with so many attachments: `2/chat,["news"]`, `51-/chat,["news",…]`. */
function isEventText(text: string, attachments: number): boolean {
  return text.startsWith(attachments === 0 ? '2' : `5${attachments}-`) && text.endsWith(']')
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function setOf(values: readonly string[]): ReadonlySet<string> {
  return values.length === 0 ? NO_ROOMS : new Set(values)
}
