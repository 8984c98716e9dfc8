import type { AnySchema } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import type { AnyNamespaceDefinition } from '../any-definition.js'
import type { ContractMismatch, Prose } from '../contract/description.js'
import { refuseProblems } from '../contract/implement-contract.js'
import type { IdempotencyOptions } from '../idempotency.js'
import { type NormalPresence, presenceEmits, readPresence } from '../presence/read-presence.js'
import { addRoomEvents, type NormalRooms, readRooms } from '../rooms/read-rooms.js'
import { HOOK_NAMES, type NormalHooks } from './event-hooks.js'
import { type NormalEmit, readEmit } from './events/read-emit.js'
import { readIdempotency } from './events/read-idempotency.js'
import { type DeclaredEmits, type NormalHandling, readHandling } from './events/read-relay.js'
import { type NormalStream, readStream, STREAM_KEYS } from './events/read-stream.js'
import { FEED_KEYS, type NormalFeed, readFeed } from './read-feed.js'
import { PROSE_KEYS, readExamples, readProse } from './read-prose.js'
import { type NormalJoinHooks, type NormalRoute, ROUTE_NAMES, readJoinHooks, readRoute } from './read-route-options.js'
import {
  read,
  readDuration,
  readFunctions,
  readMap,
  readObject,
  readSchema,
  readWord,
  type Source,
} from './read-value.js'
import { RESERVED, RESERVED_EVENTS } from './reserved-events.js'

/*
 * Normalizes a definition: checks it, completes it and freezes it.
 */

export interface NormalEvent extends NormalHandling {
  readonly payload: AnySchema | undefined
  readonly reply: AnySchema | undefined
  /** Undefined for an event with one answer. */
  readonly stream: NormalStream | undefined
  readonly errors: ReadonlyMap<string, AnySchema>
  readonly prose: Prose
  readonly examples: readonly unknown[] | undefined
  readonly handlerTimeoutMs: number | undefined
  readonly idempotency: Required<IdempotencyOptions> | undefined
  readonly hooks: NormalHooks
  /** What the event does with a declared room; undefined for an event of the application. */
  readonly room: 'join' | 'leave' | undefined
}

const LIFECYCLE_KEYS = ['expiresAt', 'onConnect', 'onRecover', 'onDisconnect'] as const

export interface NormalDefinition {
  readonly prose: Prose
  readonly sequential: boolean
  /** What is done if the contract of a client is another one. */
  readonly contractMismatch: ContractMismatch
  readonly emits: ReadonlyMap<string, NormalEmit>
  /** Whether `emits` was given. If so, an emit that is not listed is an error. */
  readonly hasEmits: boolean
  readonly events: ReadonlyMap<string, NormalEvent>
  readonly rooms: NormalRooms
  /** The given schemas of joining, by the part of the request. */
  readonly schema: Readonly<Partial<Record<(typeof SCHEMA_KEYS)[number], AnySchema>>>
  /** The hooks of joining: always arrays. */
  readonly joinHooks: NormalJoinHooks
  /** The other given options of the connect route. */
  readonly route: NormalRoute
  /** The hooks of every event. */
  readonly hooks: NormalHooks
  /** Undefined: nobody is told who is here. */
  readonly presence: NormalPresence | undefined
  readonly expiresAt: AnyNamespaceDefinition['expiresAt']
  readonly onConnect: AnyNamespaceDefinition['onConnect']
  readonly onRecover: AnyNamespaceDefinition['onRecover']
  readonly onDisconnect: AnyNamespaceDefinition['onDisconnect']
  /** Undefined if its addresses have no feed. */
  readonly feed: NormalFeed | undefined
}

const SCHEMA_KEYS = ['params', 'querystring', 'headers', 'auth'] as const
const DEFINITION_KEYS = [
  ...PROSE_KEYS,
  'schema',
  'data',
  ...ROUTE_NAMES,
  ...LIFECYCLE_KEYS,
  ...FEED_KEYS,
  'events',
  'rooms',
  'eventHooks',
  'emits',
  'sequential',
  'contractMismatch',
  'presence',
]
const EVENT_KEYS = [
  'payload',
  'reply',
  ...STREAM_KEYS,
  'errors',
  ...PROSE_KEYS,
  'examples',
  'handlerTimeoutMs',
  'idempotency',
  'handler',
  'relay',
  ...HOOK_NAMES,
]

/**
 * Converts a user's definition to its normal form: frozen, with arrays of hooks and Maps of emits and events.
 *
 * @param path - the place of the definition, for error messages
 * @throws FST_NSP_DEFINITION_INVALID naming the path, e.g. `namespaces["/chat"].events["x"].payload`
 */
export function normalizeDefinition(definition: unknown, path: string): NormalDefinition {
  refuseProblems(definition, path)
  const source = readObject(definition, path, DEFINITION_KEYS)
  readSchema(source.data, `${path}.data`)
  const { schema = {}, eventHooks = {}, emits = {}, events = {}, rooms = {} } = source
  const hasEmits = source.emits !== undefined
  const declared = readEvents(emits, `${path}.emits`, readEmit)
  const handled = readEvents(events, `${path}.events`, (event, at, name) =>
    normalizeEvent(event, at, name, hasEmits && declared),
  )
  const named = readRooms(rooms, `${path}.rooms`)
  addRoomEvents(named, handled, declared, path, (event) => event)
  const presence = readPresence(source.presence, `${path}.presence`)
  const readFunction = <Key extends (typeof LIFECYCLE_KEYS)[number]>(key: Key) =>
    read<NonNullable<AnyNamespaceDefinition[Key]>>(source, key, path, 'function')
  return Object.freeze({
    prose: readProse(source, path),
    sequential: read<boolean>(source, 'sequential', path, 'boolean') ?? false,
    contractMismatch: readWord(source, 'contractMismatch', path, ['off', 'warn', 'refuse']) ?? 'warn',
    schema: normalizeSchema(schema, `${path}.schema`),
    joinHooks: readJoinHooks(source, path),
    route: readRoute(source, path),
    presence,
    expiresAt: readFunction('expiresAt'),
    onConnect: readFunction('onConnect'),
    onRecover: readFunction('onRecover'),
    onDisconnect: readFunction('onDisconnect'),
    feed: readFeed(source, path),
    events: handled,
    rooms: named,
    hooks: readHooks(readObject(eventHooks, `${path}.eventHooks`, HOOK_NAMES), `${path}.eventHooks`),
    emits: new Map([...declared, ...presenceEmits(presence, named.values())]),
    hasEmits,
  })
}

function normalizeSchema(value: unknown, path: string): NormalDefinition['schema'] {
  const source = readObject(value, path, SCHEMA_KEYS)
  const given = SCHEMA_KEYS.filter((key) => source[key] !== undefined)
  return Object.freeze(Object.fromEntries(given.map((key) => [key, readSchema(source[key], `${path}.${key}`)])))
}

function normalizeEvent(value: unknown, path: string, event: string, emits: DeclaredEmits): NormalEvent {
  const source = readObject(value, path, EVENT_KEYS)
  const { errors = {} } = source
  return {
    ...readHandling(source, path, event, emits),
    payload: readSchema(source.payload, `${path}.payload`),
    reply: readSchema(source.reply, `${path}.reply`),
    stream: readStream(source, path),
    errors: readMap(errors, `${path}.errors`, (schema, at) => readSchema(schema, at) ?? true),
    prose: readProse(source, path),
    examples: readExamples(source, path),
    handlerTimeoutMs: readDuration(source, 'handlerTimeoutMs', path, 0),
    idempotency: readIdempotency(source.idempotency, `${path}.idempotency`),
    hooks: readHooks(source, path),
    room: undefined,
  }
}

/** Reads a map of events, or of emits. */
function readEvents<Entry>(
  value: unknown,
  path: string,
  normalize: (entry: unknown, path: string, name: string) => Entry,
) {
  return readMap(value, path, (entry, at, name) => {
    if (RESERVED_EVENTS.includes(name)) throw new FST_NSP_DEFINITION_INVALID(at, RESERVED)
    return Object.freeze(normalize(entry, at, name))
  })
}

function readHooks(source: Source, path: string): NormalHooks {
  return readFunctions(source, HOOK_NAMES, path) as NormalHooks
}
