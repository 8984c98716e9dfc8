import { comparePositions, parseOffset } from '../log/log-position.js'
import type { RingEmit } from '../log/log-ring.js'
import type { SessionRecord } from './session-record.js'

/*
 * Which emits a session has missed.
 */

/**
 * Where a session continues: after what its client has received, or after it has joined, whichever is later.
 *
 * @param offset - what the client says, '' if it has received nothing
 * @param epoch - the current one
 * @returns undefined for an offset that no node has ever sent
 */
export function startOf({ since }: SessionRecord, offset: string, epoch: string): string | undefined {
  const received = parseOffset(offset)
  if (offset !== '' && !received) return undefined
  const joined = parseOffset(since)
  if (!received || !joined) return since
  // A client keeps its offset also of an earlier session.
  if (received.epoch !== joined.epoch) return received.epoch === epoch ? offset : since
  const isLater = (comparePositions(received.position, joined.position) || received.index - joined.index) > 0
  return isLater ? offset : since
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
