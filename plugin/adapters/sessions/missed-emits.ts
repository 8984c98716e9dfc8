import { parseOffset } from '../log/log-position.js'
import type { LogRing } from '../log/log-ring.js'
import type { RingEmit } from '../log/ring-entry.js'
import type { SessionRecord } from './session-record.js'

/*
 * Which emits a session has missed.
 */

/**
 * Where a session continues: after what its client has received, or after it has joined, whichever is later. A client keeps its
 * offset also of an earlier session.
 *
 * @param offset - what the client says, '' if it has received nothing
 * @returns undefined for an offset that this node can't place
 */
export function startOf({ since }: SessionRecord, offset: string, ring: Pick<LogRing, 'later'>): string | undefined {
  return offset === '' ? since : ring.later(since, offset)
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
