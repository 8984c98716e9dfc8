import type { AnySchema } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import type { NormalEmit } from '../normalize/events/read-emit.js'
import type { NormalEvent } from '../normalize/normalize-definition.js'
import { read, readFunctions, readMap, readObject, readSchema } from '../normalize/read-value.js'
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
}

/** The rooms of a definition, by their names: the first segments of their patterns. */
export type NormalRooms = ReadonlyMap<string, NormalRoom>

const ROOM_KEYS = ['params', 'description', 'preJoin']

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
 * @throws FST_NSP_DEFINITION_INVALID if the definition has one of them already
 */
export function addRoomEvents(
  rooms: NormalRooms,
  events: Map<string, NormalEvent>,
  emits: Map<string, NormalEmit>,
  path: string,
): void {
  if (rooms.size === 0) return
  const refuse = (kind: string, name: string) => {
    const problem = 'is an event of the rooms of this definition: use another name, or leave out `rooms`'
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${kind}[${JSON.stringify(name)}]`, problem)
  }
  const described = describeRoomEvents(patternsOf(rooms))
  for (const [name, room] of [
    [ROOM_JOIN, 'join'],
    [ROOM_LEAVE, 'leave'],
  ] as const) {
    if (events.has(name)) refuse('events', name)
    const { payload, errors, prose } = described[name] as (typeof described)[typeof ROOM_JOIN]
    events.set(name, { ...EMPTY_EVENT, payload, errors: new Map(Object.entries(errors)), prose, room })
  }
  if (emits.has(ROOM_LEFT)) refuse('emits', ROOM_LEFT)
  emits.set(ROOM_LEFT, { ...described[ROOM_LEFT], reply: undefined, examples: undefined })
}

function patternsOf(rooms: NormalRooms): string[] {
  return [...rooms.values()].map(({ pattern }) => pattern)
}

const EMPTY_EVENT = {
  reply: undefined,
  stream: undefined,
  examples: undefined,
  handlerTimeoutMs: undefined,
  idempotency: undefined,
  handler: undefined,
  relay: undefined,
  hooks: { onEvent: [], preValidation: [], preHandler: [], onAck: [], onError: [] },
}
