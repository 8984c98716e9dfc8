import { types } from 'node:util'
import { FST_NSP_DEFINITION_INVALID } from '../../../shared/errors.js'
import { kindOf, suggest } from '../../../shared/wording.js'
import { read, readObject, type Source } from '../read-value.js'
import { RESERVED, RESERVED_EVENTS } from '../reserved-events.js'

/*
 * Reads what an event does: the handler, or the relay with its defaults.
 */

/** The emits that a definition lists; false if it lists none. */
export type DeclaredEmits = ReadonlyMap<string, { readonly payload: unknown }> | false

/** A function of a relay. */
type OfContext = (context: unknown) => unknown

/** How an event is passed on. */
export interface NormalRelay {
  /** The name of the emit. */
  readonly emit: string
  /** The rooms, or the function that returns them; undefined for the whole namespace. */
  readonly to: readonly string[] | OfContext | undefined
  readonly membersOnly: boolean
  readonly volatile: boolean
  /** Returns the payload of the emit; undefined for that of the event. */
  readonly data: OfContext | undefined
}

/** An event has a handler or a relay. */
export interface NormalHandling {
  readonly handler: ((payload: unknown, context: unknown) => unknown) | undefined
  readonly relay: NormalRelay | undefined
}

const RELAY_KEYS = ['to', 'emit', 'volatile', 'data', 'membersOnly']
/** The keys of an event that need a handler. */
const OF_HANDLERS = ['handler', 'reply', 'stream', 'idempotency']

/**
 * @param event - its name
 * @throws FST_NSP_DEFINITION_INVALID naming the path
 */
export function readHandling(source: Source, path: string, event: string, emits: DeclaredEmits): NormalHandling {
  const relay = source.relay === undefined ? undefined : readRelay(source, path, event, emits)
  const handler = read<NonNullable<NormalHandling['handler']>>(source, 'handler', path, 'function')
  if (handler || relay) return { handler, relay }
  const problem = 'is missing: an event needs a function, handler: (payload, context) => reply, or a `relay`'
  throw new FST_NSP_DEFINITION_INVALID(`${path}.handler`, problem)
}

function readRelay(source: Source, path: string, event: string, emits: DeclaredEmits): NormalRelay {
  const at = `${path}.relay`
  const relay = readObject(source.relay, at, RELAY_KEYS)
  const lost = OF_HANDLERS.find((key) => source[key] !== undefined)
  if (lost !== undefined) {
    const problem = `can not be combined with \`${lost}\`: an event has a handler, or it is passed on without one`
    throw new FST_NSP_DEFINITION_INVALID(at, problem)
  }
  const emit = read<string>(relay, 'emit', at, 'string') ?? event
  const data = readFunction(relay.data, `${at}.data`)
  const problem = problemOf(emit, emits, data !== undefined || source.payload !== undefined)
  if (problem !== undefined) throw new FST_NSP_DEFINITION_INVALID(relay.emit === undefined ? at : `${at}.emit`, problem)
  return Object.freeze({
    emit,
    to: readRooms(relay.to, `${at}.to`),
    membersOnly: read<boolean>(relay, 'membersOnly', at, 'boolean') ?? true,
    volatile: read<boolean>(relay, 'volatile', at, 'boolean') ?? false,
    data,
  })
}

/** What is wrong with the emit of a relay. */
function problemOf(emit: string, emits: DeclaredEmits, hasPayload: boolean): string | undefined {
  if (RESERVED_EVENTS.includes(emit)) return RESERVED
  if (!emits) return undefined
  const declared = emits.get(emit)
  const what = `sends the emit ${JSON.stringify(emit)}, which`
  if (!declared) return `${what} is not declared: ${suggest(emit, emits.keys())}add it to \`emits\``
  if (declared.payload === undefined || hasPayload) return undefined
  return `${what} has a payload: give the event a \`payload\`, or the relay \`data\``
}

function readRooms(to: unknown, path: string): NormalRelay['to'] {
  if (to === undefined || typeof to === 'function') return readFunction(to, path)
  const rooms = [to].flat()
  const wrong = rooms.find((room) => typeof room !== 'string')
  if (wrong === undefined && rooms.length > 0) return Object.freeze(rooms as string[])
  const got = rooms.length === 0 ? 'no room' : kindOf(wrong)
  throw new FST_NSP_DEFINITION_INVALID(
    path,
    `must be a room, a list of rooms, or a function that returns them: got ${got}`,
  )
}

function readFunction(value: unknown, path: string): OfContext | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'function')
    throw new FST_NSP_DEFINITION_INVALID(path, `must be a function: got ${kindOf(value)}`)
  if (!types.isAsyncFunction(value)) return value as OfContext
  throw new FST_NSP_DEFINITION_INVALID(
    path,
    'must not be async: a relay waits for nothing. Await in a hook, e.g. `preHandler`',
  )
}
