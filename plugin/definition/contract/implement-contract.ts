import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'

/*
 * Puts a contract and its implementation together: the result is a definition like any other.
 */

/** The problems of an implementation, which are refused when the definition is declared, because its name is known then. */
const PROBLEMS = Symbol('problems of an implementation')
/** The keys of a contract, which its implementation must not have. */
const CONTRACT_KEYS = ['summary', 'description', 'tags', 'deprecated', 'hide', 'schema', 'data', 'events', 'emits']
/** The keys of an event of a contract, which its handler must not have. */
const EVENT_KEYS = ['payload', 'reply', 'errors', 'stream', 'itemId', 'credits', 'readTimeoutMs', 'examples']
/** The keys of a room of a contract, which its implementation must not have. */
const ROOM_KEYS = ['params', 'description']
const OF_CONTRACT = 'is part of the contract: write it there'

interface Problem {
  /** E.g. `.handlers["message:send"]`. */
  readonly place: string
  readonly problem: string
}

/**
 * Puts a contract and its implementation together. An event without a handler stays one, and is refused like any other.
 *
 * @returns a definition, which is checked when it is declared
 */
export function implementContract(contract: object, implementation: object): object {
  const { events, rooms, ...agreed } = contract as { events?: unknown; rooms?: unknown }
  const { handlers, rooms: hooks, ...behaviour } = implementation as { handlers?: unknown; rooms?: unknown }
  const problems = [
    ...problemsOf(Object(events), Object(handlers)),
    ...problemsOfRooms(Object(rooms), Object(hooks)),
    ...foreignKeys(behaviour, CONTRACT_KEYS, ''),
  ]
  return {
    ...behaviour,
    ...agreed,
    ...(events !== undefined && { events: implementEvents(Object(events), Object(handlers)) }),
    ...(rooms !== undefined && { rooms: implementRooms(Object(rooms), Object(hooks)) }),
    ...(problems.length > 0 && { [PROBLEMS]: problems }),
  }
}

/**
 * Refuses the problems of an implementation. Any other definition has none.
 *
 * @throws FST_NSP_DEFINITION_INVALID
 */
export function refuseProblems(definition: unknown, path: string): void {
  const [first] = (Object(definition)[PROBLEMS] as readonly Problem[] | undefined) ?? []
  if (first) throw new FST_NSP_DEFINITION_INVALID(`${path}${first.place}`, first.problem)
}

function implementEvents(events: object, handlers: object): object {
  const given = new Map<string, unknown>(Object.entries(handlers))
  const implemented = Object.entries(events).map(([name, event]) => {
    const handler = given.get(name)
    return [name, { ...(typeof handler === 'function' ? { handler } : Object(handler)), ...event }]
  })
  return Object.fromEntries(implemented)
}

function problemsOf(events: object, handlers: object): Problem[] {
  const names = Object.keys(events)
  return Object.entries(handlers).flatMap(([name, handler]) => {
    const place = `.handlers[${JSON.stringify(name)}]`
    if (names.includes(name)) return foreignKeys(handler, EVENT_KEYS, place)
    return [{ place, problem: `is not an event of the contract, which has ${names.join(', ') || 'none'}` }]
  })
}

function implementRooms(rooms: Record<string, object>, hooks: Record<string, object>): object {
  return Object.fromEntries(Object.entries(rooms).map(([pattern, room]) => [pattern, { ...hooks[pattern], ...room }]))
}

function problemsOfRooms(rooms: object, hooks: object): Problem[] {
  const patterns = Object.keys(rooms)
  return Object.entries(hooks).flatMap(([pattern, room]) => {
    const place = `.rooms[${JSON.stringify(pattern)}]`
    if (patterns.includes(pattern)) return foreignKeys(room, ROOM_KEYS, place)
    return [{ place, problem: `is not a room of the contract, which has ${patterns.join(', ') || 'none'}` }]
  })
}

function foreignKeys(value: unknown, keys: readonly string[], place: string): Problem[] {
  const found = Object.keys(Object(value)).filter((key) => keys.includes(key))
  return found.map((key) => ({ place: `${place}.${key}`, problem: OF_CONTRACT }))
}
