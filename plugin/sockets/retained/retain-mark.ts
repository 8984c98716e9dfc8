import { randomUUID } from 'node:crypto'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Contract } from '../../definition/compile-contract.js'
import { findRoom } from '../../definition/rooms/room-pattern.js'
import type { RetainedMark } from '../../shared/retained-emits.js'

/*
 * Whether an emit is kept, and as what. It is, if it is to a whole address, or to one declared room, and if nobody may miss it.
 */

/** Keys of values that only stand one after another. */
const PROCESS = randomUUID()
let last = 0

/** How a number of emits is named: with one, each takes the place of the one before. */
const ONLY = ''

/**
 * @param data - the emit's name and its arguments
 * @returns undefined for an emit that is not kept
 * @throws what the definition's function throws
 */
export function markOf(
  { retained, rooms }: Contract,
  data: readonly unknown[],
  { rooms: to, flags }: BroadcastOptions,
): RetainedMark | undefined {
  const [emit, payload] = data as [string, never]
  const rules = retained.get(emit)
  if (!rules || flags?.local || flags?.volatile || to.size > 1) return undefined
  const [room] = to
  if (room !== undefined && !findRoom(rooms, room)) return undefined
  const { most, ttlMs } = rules
  if (!rules.key) {
    const key = most === 1 ? ONLY : `${PROCESS} ${last++}`
    return { emit, key, isRemoval: false, most, ttlMs }
  }
  const key: unknown = rules.key(payload)
  if (key === undefined) return undefined
  if (typeof key !== 'string' && typeof key !== 'number') throw new TypeError(`the key is a ${typeof key}`)
  return { emit, key: String(key), isRemoval: rules.isRemoval?.(payload) === true, most, ttlMs }
}
