import type { Namespace } from 'socket.io'
import type { Packet } from 'socket.io-parser'
import { decodeEvent, encodeItem } from '../log/log-packet.js'
import { parseOffset } from '../log/log-position.js'
import type { LogRing } from '../ring/log-ring.js'
import type { RingEmit } from '../ring/ring-entry.js'
import type { SessionRecord } from './session-record.js'

/*
 * Which emits a session has missed.
 */

/**
 * Where a session may continue, the best place first: after what its client has received, or after it has joined, whichever is later. If
 * it has received all that was sent to it, after what its node had read.
 *
 * @param offset - what the client says, '' if it has received nothing. A client keeps it also of an earlier session
 * @returns nothing for an offset that this node can't place
 */
function startsOf({ since, sent, read }: SessionRecord, offset: string, ring: LogRing): readonly string[] {
  const start = offset === '' ? since : ring.later(since, offset)
  if (start === undefined) return []
  const hasAll = sent === '' || ring.later(sent, start) === start
  const latest = hasAll ? ring.later(start, read) : undefined
  return latest === undefined ? [start] : [latest, start]
}

/** Where a session continues; undefined if something that it may have missed is gone. */
export async function startOf(record: SessionRecord, offset: string, ring: LogRing): Promise<string | undefined> {
  for (const start of startsOf(record, offset, ring)) if (await ring.covers(record.address, start)) return start
  return undefined
}

/** Whether a session was in one of the emit's rooms, and in none of the excepted ones, when it was emitted. */
export function isFor(emit: RingEmit, { rooms: joined }: SessionRecord): boolean {
  const { rooms, except } = emit.item
  const wasIn = (room: string) => {
    const offset = parseOffset(joined.get(room) ?? '')
    return offset !== undefined && emit.isAfter(offset)
  }
  return (rooms.size === 0 || [...rooms].some(wasIn)) && ![...except].some(wasIn)
}

/** The packets of emits for a client. What can't be decoded is left out, as it was when it was delivered to others. */
export function encodeEmits(emits: readonly RingEmit[], { name, server }: Namespace, isText: boolean): Packet[][] {
  const encoded: unknown[] = []
  for (const { item, offset } of emits) {
    try {
      encoded.push(isText ? encodeItem(item, offset) : server.encoder.encode(decodeEvent(item, name, offset)))
    } catch {
      // It was reported then.
    }
  }
  return encoded as Packet[][]
}
