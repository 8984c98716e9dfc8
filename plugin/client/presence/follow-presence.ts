import type { AnyJoined } from '../any-client.js'
import type { Readable } from '../readable.js'
import type { GivenPlace } from '../rooms/join-room.js'
import { openPresence, type PresentPeople } from './presence-use.js'

/** Who is here, until `stop()`: what `followPresence()` returns. */
export interface FollowedPresence<Meta = unknown> extends Readable<PresentPeople<Meta>> {
  /** Follows no more. What is known stays. */
  readonly stop: () => void
}

/**
 * Follows who is in a joined namespace, or in a room of it, across reconnects.
 *
 * @param joined - from `client.join()`
 * @param room - the name of a declared room, e.g. `room.name` of `joinRoom()`. Default: the whole namespace
 * @returns nobody until the server has told, and after the namespace or the room was refused
 *
 * @example
 * const people = followPresence<{ name: string }>(lobby)
 * people.subscribe(() => show(people.getSnapshot().entries.map(({ meta }) => meta.name)))
 */
export function followPresence<Meta = unknown>(joined: GivenPlace, room?: string): FollowedPresence<Meta> {
  // Without the types of a definition: presence is none of its emits.
  const { people, ask, stop } = openPresence<Meta>(joined as AnyJoined, room)
  ask()
  return { ...people, stop }
}
