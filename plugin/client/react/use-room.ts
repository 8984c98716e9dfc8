import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { AnyJoined } from '../any-client.js'
import type { GivenPlace } from '../rooms/join-room.js'
import type { RoomState } from '../rooms/room-use.js'
import type { RoomIn, RoomParamsOf } from '../types/typed-rooms.js'
import { MountedRoom } from './mounted-room.js'
import { useLatest } from './use-latest.js'

/**
 * Joins a declared room while the component is mounted. Several components may join the same: they share one join.
 *
 * @param joined - from `useNamespace()` or `client.join()`
 * @param pattern - the key of the room in the server's `rooms`
 * @param params - they are compared by their JSON: they may be a new object at each render
 * @returns where the room stands
 *
 * @example
 * const room = useRoom(desk, 'ticket/:id', { id })
 * if (room.status === 'refused') return <p>{room.error.message}</p>
 */
export function useRoom<Given extends GivenPlace, Pattern extends RoomIn<Given>>(
  joined: Given,
  pattern: Pattern,
  ...params: RoomParamsOf<Given, Pattern>
): RoomState
export function useRoom(joined: AnyJoined, pattern: string, params?: Readonly<Record<string, unknown>>): RoomState {
  const latest = useLatest(params)
  // biome-ignore lint/correctness/useExhaustiveDependencies: params are compared by their JSON
  const room = useMemo(
    () => new MountedRoom(joined, pattern, () => latest.current),
    [joined, pattern, JSON.stringify(params)],
  )
  // After the layout effects, in which useNamespace() of a parent joins.
  useEffect(() => room.mount(), [room])
  return useSyncExternalStore(room.state.subscribe, room.state.getSnapshot, room.state.getSnapshot)
}
