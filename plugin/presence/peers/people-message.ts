import type { KeySaying } from '../key-saying.js'

/*
 * What one node tells another of its people: a stream of numbered messages. Number 1 begins to tell everything; the message that has told
 * everything says so. Wire formats, between nodes.
 */

/** What is said of a place: bits. */
export const SAYS = {
  /** Keys have changed. */
  changes: 0,
  /** All keys follow, in this message and the next ones; what was told before is void. */
  begin: 1,
  /** All keys are told. */
  end: 2,
  /** Who sends this wants to be told of the place. */
  want: 4,
  /** Who sends this wants it no longer. */
  unwant: 8,
} as const

/** A key with what is told of it; null: nobody with this key is there. */
export type ToldKey = readonly [key: string, told: KeySaying | null]

export type PlacePart = readonly [place: string, says: number, keys?: readonly ToldKey[]]

export interface PeopleMessage {
  /** Grows each time that everything is told anew. */
  readonly stream: number
  /** Its number in the stream, from 1. */
  readonly number: number
  /** Whether everything is told. */
  readonly isEnd?: boolean
  readonly parts: readonly PlacePart[]
}

// A notification of PostgreSQL has less than 8,000. One message more costs less than a detour by a table.
const MOST_BYTES = 6_000

/** Splits what is to be told into messages of a few kB. */
export function* splitParts(parts: Iterable<PlacePart>): Generator<PlacePart[]> {
  let split: PlacePart[] = []
  let bytes = 0
  for (const [place, says, keys = []] of parts) {
    const head = bytesOf(place)
    if (bytes + head > MOST_BYTES && split.length > 0) {
      yield split
      ;[split, bytes] = [[], 0]
    }
    bytes += head
    let some: ToldKey[] = []
    let left = says
    for (const told of keys) {
      const size = bytesOf(told)
      if (bytes + size > MOST_BYTES && some.length > 0) {
        split.push([place, left & ~SAYS.end, some])
        yield split
        ;[split, bytes, some] = [[], head, []]
        left &= ~SAYS.begin
      }
      some.push(told)
      bytes += size
    }
    split.push(some.length > 0 ? [place, left, some] : [place, left])
  }
  if (split.length > 0) yield split
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 8
}

/** @throws TypeError for what no node of this version sends */
export function readMessage(value: unknown): PeopleMessage {
  const { stream, number, isEnd, parts } = Object(value)
  if (!Number.isSafeInteger(stream) || !Number.isSafeInteger(number) || !Array.isArray(parts))
    throw new TypeError('It is no message about people')
  for (const [place, says, keys = []] of parts) {
    if (typeof place !== 'string' || typeof says !== 'number' || !keys.every(isToldKey))
      throw new TypeError('It tells nothing of a place')
  }
  return { stream, number, isEnd: isEnd === true, parts }
}

function isToldKey([key, told]: ToldKey): boolean {
  const isTold = told === null || (Array.isArray(told) && told.slice(0, 3).every(Number.isFinite))
  return typeof key === 'string' && isTold
}
