import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { PresenceChange, PresenceEntry, PresenceState } from '../../../plugin/index.js'

/** What a client knows of who is here, as docs/presence.md tells front ends to. */
export interface Following {
  /** Who is here, sorted: `ada×2`. */
  readonly people: readonly string[]
  readonly metas: Readonly<Record<string, unknown>>
  readonly more: number
  /** What it was told, e.g. `+ada`, `-ada`, `~ada`. */
  readonly told: string[]
  readonly states: PresenceState[]
}

interface Listening {
  on(event: string, listener: (payload: never) => void): unknown
}

/** `first`: the state that the client has received already. `room`: the room to follow; undefined for the whole namespace. */
export function follow(socket: Listening, first?: PresenceState, room?: string): Following {
  const people = new Map<string, PresenceEntry>()
  const told: string[] = []
  const states: PresenceState[] = []
  let more = 0
  const begin = (state: PresenceState) => {
    if (state.room !== room) return
    states.push(state)
    people.clear()
    more = state.more
    for (const entry of state.entries) people.set(entry.key, entry)
  }
  if (first) begin(first)
  socket.on('presence:state', begin)
  socket.on('presence:change', (change: PresenceChange) => {
    if (change.room !== room) return
    more = change.more
    for (const key of change.left) {
      people.delete(key)
      told.push(`-${key}`)
    }
    for (const [sign, entries] of [
      ['+', change.joined],
      ['~', change.updated],
    ] as const) {
      for (const entry of entries) {
        people.set(entry.key, entry)
        told.push(sign + entry.key)
      }
    }
  })
  return {
    get people() {
      return listOf([...people.values()])
    },
    get metas() {
      return Object.fromEntries([...people].map(([key, { meta }]) => [key, meta]))
    },
    get more() {
      return more
    },
    told,
    states,
  }
}

/** Joins as a user in this process, and resolves when the state has come. */
export async function joinAs(t: Test, app: FastifyInstance, user: string, address = '/chat') {
  // The timers of the plugin keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const socket = await app.injectSocket(address, { auth: { user } })
  const following = follow(socket, (await socket.nextEvent('presence:state')) as PresenceState)
  return Object.assign(following, { socket })
}

/** Who is here, sorted: `ada×2`. */
export function listOf(entries: readonly PresenceEntry[]): string[] {
  return entries.map(({ key, devices }) => `${key}×${devices}`).sort()
}
