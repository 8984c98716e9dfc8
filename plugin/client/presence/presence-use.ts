import { PRESENCE_EMITS, PRESENCE_FOLLOW } from '../../definition/presence/presence-emits.js'
import type { PresenceChange, PresenceEntry, PresenceState } from '../../definition/presence/presence-types.js'
import { ROOM_LEFT } from '../../definition/rooms/room-events.js'
import type { AnyJoined } from '../any-client.js'
import { createReadable, type Readable } from '../readable.js'

/*
 * Who is here, as one use of a namespace is told: of the namespace, or of one of its rooms. Apart from createClient(), so that a front
 * end without presence does not load it.
 */

/** Who is here. Frozen; the same object until it changes. */
export interface PresentPeople<Meta = unknown> {
  readonly entries: readonly PresenceEntry<Meta>[]
  /** How many others are here, above the server's `maxKeys`. */
  readonly more: number
}

export const NOBODY: PresentPeople<never> = /* @__PURE__ */ Object.freeze({ entries: [], more: 0 })

interface PresenceUse<Meta> {
  readonly people: Readable<PresentPeople<Meta>>
  /** Asks the server to tell again who is here, if it has told so before this use listened. */
  readonly ask: () => void
  readonly stop: () => void
}

/** @param room - the name of a room; undefined: the whole namespace */
export function openPresence<Meta>(joined: AnyJoined, room: string | undefined): PresenceUse<Meta> {
  const people = createReadable<PresentPeople<Meta>>(NOBODY)
  const known = new Map<string, PresenceEntry<Meta>>()
  let isTold = false

  function show(entries: readonly PresenceEntry<Meta>[], more: number): void {
    for (const entry of entries) known.set(entry.key, entry)
    people.set(Object.freeze({ entries: [...known.values()], more }))
  }

  function forget(): void {
    isTold = false
    known.clear()
    people.set(NOBODY)
  }

  const offs = [
    joined.on(PRESENCE_EMITS.state, (state: PresenceState<Meta>) => {
      if (state.room !== room) return
      isTold = true
      known.clear()
      show(state.entries, state.more)
    }),
    joined.on(PRESENCE_EMITS.change, ({ joined, left, updated, more, ...change }: PresenceChange<Meta>) => {
      // What comes before the state is known by it.
      if (change.room !== room || !isTold) return
      for (const key of left) known.delete(key)
      show([...joined, ...updated], more)
    }),
    joined.on(ROOM_LEFT, (left: { readonly room: string }) => {
      if (left.room === room) forget()
    }),
    joined.onGap((reason) => {
      // The client is not in the room any more, until it has joined it again.
      if (room !== undefined && reason !== 'dropped') forget()
    }),
    joined.state.subscribe(() => {
      const { status } = joined.state.getSnapshot()
      if (status === 'refused' || status === 'left') forget()
    }),
  ]

  return {
    people,

    ask() {
      // A call that fails was not needed: with the next join, the server tells by itself.
      if (!isTold && joined.state.getSnapshot().status === 'joined') joined.call(PRESENCE_FOLLOW, room).catch(() => {})
    },

    stop() {
      for (const off of offs) off()
    },
  }
}
