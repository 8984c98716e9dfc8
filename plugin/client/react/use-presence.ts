import { useEffect, useLayoutEffect, useMemo, useSyncExternalStore } from 'react'
import type { AnyJoined } from '../any-client.js'
import type { PresentPeople } from '../presence/presence-use.js'
import type { GivenJoined } from './hook-types.js'
import { MountedPresence } from './mounted-presence.js'

/**
 * Who is in a joined namespace, or in a room of it, while the component is mounted. It joins nothing: `useRoom()` joins a room.
 *
 * @param joined - from `useNamespace()` or `client.join()`
 * @param room - the name of a declared room, from `roomName()`. Default: the whole namespace
 *
 * @example
 * const { entries } = usePresence<{ name: string }>(desk, roomName('ticket/:id', { id }))
 * return <p>{entries.map(({ meta }) => meta.name).join()}</p>
 */
export function usePresence<Meta = unknown>(joined: GivenJoined, room?: string): PresentPeople<Meta> {
  // Without the types of a definition: presence is none of its emits.
  const presence = useMemo(() => new MountedPresence<Meta>(joined as AnyJoined, room), [joined, room])
  // A layout effect, as in useEvent(): the server may tell before an effect runs.
  useLayoutEffect(() => presence.mount(), [presence])
  // After the layout effects, in which useNamespace() of a parent joins.
  useEffect(() => presence.ask(), [presence])
  return useSyncExternalStore(presence.people.subscribe, presence.people.getSnapshot, presence.people.getSnapshot)
}
