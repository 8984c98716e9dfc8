import type { AnyJoined } from '../any-client.js'
import type { RoomIn, RoomParamsOf } from '../types/typed-rooms.js'
import { openRoom, type RoomUse } from './room-use.js'

/** What `joinRoom()` takes of a joined namespace, typed or not. */
export type GivenPlace = Pick<AnyJoined, 'address' | 'state' | 'onGap' | 'socket'>

/**
 * Joins a declared room of a joined namespace, and joins it again after a reconnect. Every call has a use of its own, and all uses of a
 * room share one join.
 *
 * @param joined - from `client.join()`
 * @param pattern - the key of the room in the server's `rooms`
 * @returns the room: `state`, `ready`, `leave()`
 * @throws TypeError if a param has no value
 *
 * @example
 * const room = joinRoom(desk, 'ticket/:id', { id: 42 })
 * await room.ready
 */
export function joinRoom<Given extends GivenPlace, Pattern extends RoomIn<Given>>(
  joined: Given,
  pattern: Pattern,
  ...params: RoomParamsOf<Given, Pattern>
): RoomUse
export function joinRoom(joined: AnyJoined, pattern: string, params?: Readonly<Record<string, unknown>>): RoomUse {
  return openRoom(joined, pattern, params)
}
