import { messageSchema } from './message.js'
import type { Scenario } from './scenarios.js'

/*
 * The application that every contender serves: namespace, room, join hook and the events of the start-up scenario.
 */

export const NAMESPACE = '/bench'

/** Sockets whose seat, in the handshake's query, is below ROOM_SEATS are in this room. */
export const ROOM = 'members'
export const ROOM_SEATS = 50

/** The room of a seat in a relay scenario: teams of ten. */
export function teamOf(seat: unknown): string {
  return `team-${Math.floor(Number(seat) / 10)}`
}

const TOKEN = 'abc'
const START_UP_EVENTS = 10

/** The names of a scenario's namespaces: `/bench`, `/bench-2`, … */
export function namespacesOf({ namespaces }: Scenario): string[] {
  return Array.from({ length: namespaces }, (_, index) => (index === 0 ? NAMESPACE : `${NAMESPACE}-${index + 1}`))
}

/** The asynchronous hook of a join. Rejects an unknown token. */
export async function checkToken(token: unknown): Promise<void> {
  if (token !== TOKEN) throw new Error('another token')
}

export interface StartUpEvent {
  readonly event: string
  /** A property that no other event's schema has. */
  readonly extra: { readonly name: string; readonly maxLength: number }
}

/** The ten events of one of the hundred namespaces of the start-up scenario. */
export function startUpEventsOf(namespace: string): StartUpEvent[] {
  const number = Number(namespace.slice(NAMESPACE.length + 1)) || 1
  return Array.from({ length: START_UP_EVENTS }, (_, index) => ({
    event: `event-${index}`,
    extra: { name: `extra_${number}_${index}`, maxLength: 100 + index },
  }))
}

/** The schema of a message with the extra property of the event. */
export function createStartUpSchema({ extra: { name, maxLength } }: StartUpEvent) {
  return {
    ...messageSchema,
    properties: { ...messageSchema.properties, [name]: { type: 'string', maxLength } },
  } as const
}
