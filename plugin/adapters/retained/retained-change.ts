import type { EncodedEmit, RetainedMark, RetainedStore } from '../../shared/retained-emits.js'
import type { RetainedChange } from '../broker.js'
import { isReadable } from '../log/log-packet.js'
import { comparePositions, LOG_START, parseOffset } from '../log/log-position.js'
import { retainedNameOf } from './retained-name.js'
import type { RetainedReads } from './retained-reads.js'

/*
 * Emits as values of sets: each place has a set for each emit.
 */

/** The change of an emit. `room`: undefined for the whole address. */
export function retainedChange(
  address: string,
  room: string | undefined,
  { emit, key, isRemoval, most, ttlMs }: RetainedMark,
  { text, attachments }: EncodedEmit,
): RetainedChange {
  const value = isRemoval ? undefined : JSON.stringify([text, ...attachments.map((each) => each.toString('base64'))])
  return { set: setOf(address, room, emit), key: retainedNameOf(key), value, most, ttlMs }
}

/** A mark, with the key that its value has in the set. */
export function withSetKey(mark: RetainedMark): RetainedMark {
  return { ...mark, key: retainedNameOf(mark.key) }
}

/** Reads places. A value that no node of this version has written, and no client can read, is left out. */
export function createRetainedStore(reads: RetainedReads): RetainedStore {
  return {
    async read(address, room, emits) {
      const emitOf = new Map(emits.map((emit) => [setOf(address, room, emit), emit]))
      const { end, values } = await reads.read(address, [...emitOf.keys()])
      return {
        values: values.flatMap(({ set, key, value }) => {
          const encoded = readValue(value)
          return encoded && isReadable(encoded, address) ? [{ emit: emitOf.get(set) as string, key, encoded }] : []
        }),
        isBehind: (offset) => comparePositions(parseOffset(offset)?.position ?? LOG_START, end) > 0,
        whenDelivered: (run) => reads.whenDelivered(address, end, run),
      }
    },
  }
}

function setOf(address: string, room: string | undefined, emit: string): string {
  return room === undefined ? retainedNameOf(address, emit) : retainedNameOf(address, emit, room)
}

function readValue(value: string): EncodedEmit | undefined {
  try {
    const [text, ...attachments]: unknown[] = JSON.parse(value)
    if (typeof text !== 'string') return undefined
    return { text, attachments: attachments.map((each) => Buffer.from(String(each), 'base64')) }
  } catch {
    return undefined
  }
}
