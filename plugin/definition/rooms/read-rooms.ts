import type { AnySchema } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import type { Prose } from '../contract/description.js'
import type { NormalEmit } from '../normalize/events/read-emit.js'
import { FEED_KEYS, type NormalFeed, readFeed } from '../normalize/read-feed.js'
import { read, readFunctions, readMap, readObject, readSchema } from '../normalize/read-value.js'
import { type NormalPresence, readPresence } from '../presence/read-presence.js'
import { describeRoomEvents, ROOM_JOIN, ROOM_LEAVE, ROOM_LEFT } from './room-events.js'
import { firstSegmentOf, problemOfPattern } from './room-pattern.js'

/*
 * Reads the rooms of a definition, and makes their events.
 */

/** A declared room. */
export interface NormalRoom {
  /** E.g. `ticket/:id`. */
  readonly pattern: string
  /** The schema of the params. */
  readonly params: AnySchema | undefined
  readonly description: string | undefined
  readonly preJoin: readonly ((context: unknown) => unknown)[]
  /** Undefined: nobody is told who is in the room. */
  readonly presence: NormalPresence | undefined
  /** Undefined if the room has no feed. */
  readonly feed: NormalFeed | undefined
}

/** The rooms of a definition, by their names: the first segments of their patterns. */
export type NormalRooms = ReadonlyMap<string, NormalRoom>

const ROOM_KEYS = ['params', 'description', 'preJoin', 'presence', ...FEED_KEYS]

/** @throws FST_NSP_DEFINITION_INVALID naming the path */
export function readRooms(value: unknown, path: string): NormalRooms {
  const rooms = readMap(value, path, (entry, at, pattern): NormalRoom => {
    const problem = problemOfPattern(pattern)
    if (problem !== undefined) throw new FST_NSP_DEFINITION_INVALID(at, problem)
    const source = readObject(entry, at, ROOM_KEYS)
    return Object.freeze({
      pattern,
      params: readSchema(source.params, `${at}.params`),
      description: read<string>(source, 'description', at, 'string'),
      preJoin: readFunctions(source, ['preJoin'], at).preJoin,
      presence: readPresence(source.presence, `${at}.presence`),
      feed: readFeed(source, at),
    })
  })
  const named = new Map<string, NormalRoom>()
  for (const room of rooms.values()) {
    const name = firstSegmentOf(room.pattern)
    const same = named.get(name)
    if (same) {
      const problem = `has the same first segment as ${same.pattern}: the first segment names a room, give one of them another`
      throw new FST_NSP_DEFINITION_INVALID(`${path}[${JSON.stringify(room.pattern)}]`, problem)
    }
    named.set(name, room)
  }
  return named
}

/**
 * Adds the events of rooms to those of a definition, and their emit.
 *
 * @param complete - types the events
 * @throws FST_NSP_DEFINITION_INVALID if the definition has one of them already
 */
export function addRoomEvents<Event>(
  rooms: NormalRooms,
  events: Map<string, Event>,
  emits: Map<string, NormalEmit>,
  path: string,
  complete: (event: ReturnType<typeof createRoomEvent>) => Event,
): void {
  if (rooms.size === 0) return
  const { [ROOM_LEFT]: left, ...described } = describeRoomEvents(patternsOf(rooms))
  const taken = Object.keys(described).find((name) => events.has(name))
  if (taken !== undefined) refuse(`${path}.events`, taken)
  if (emits.has(ROOM_LEFT)) refuse(`${path}.emits`, ROOM_LEFT)
  events.set(ROOM_JOIN, complete(createRoomEvent(described[ROOM_JOIN], 'join')))
  events.set(ROOM_LEAVE, complete(createRoomEvent(described[ROOM_LEAVE], 'leave')))
  emits.set(ROOM_LEFT, { ...left, ...EMPTY_EMIT })
}

function refuse(path: string, name: string): never {
  const problem = 'is an event of the rooms of this definition: use another name, or leave out `rooms`'
  throw new FST_NSP_DEFINITION_INVALID(`${path}[${JSON.stringify(name)}]`, problem)
}

const EMPTY_EMIT = { reply: undefined, examples: undefined, conflate: undefined, dropOldest: undefined }

interface RoomEventParts {
  readonly payload: object
  readonly errors: Readonly<Record<string, object>>
  readonly prose: Prose
}

function createRoomEvent({ payload, errors, prose }: RoomEventParts, room: 'join' | 'leave') {
  return {
    payload,
    errors: new Map<string, AnySchema>(Object.entries(errors)),
    prose,
    room,
    reply: undefined,
    stream: undefined,
    examples: undefined,
    handlerTimeoutMs: undefined,
    idempotency: undefined,
    handler: undefined,
    relay: undefined,
    hooks: { onEvent: [], preValidation: [], preHandler: [], onAck: [], onError: [] },
  }
}

function patternsOf(rooms: NormalRooms): string[] {
  return [...rooms.values()].map(({ pattern }) => pattern)
}
