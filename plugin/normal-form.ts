import type { AnyNamespaceDefinition, EventHooks } from './definition.js'
import { FST_NSP_DEFINITION_INVALID } from './errors.js'
import { HOOK_NAMES, type NormalHooks, toNormalHooks } from './hooks.js'
import { createMemoryStore, type IdempotencyOptions } from './idempotency.js'
import type { AnySchema } from './schema.js'

/*
 * A definition as the rest of the house wants it: checked, completed, frozen.
 */

interface NormalEmit {
  readonly payload: AnySchema | undefined
  readonly reply: AnySchema | undefined
  readonly description: string | undefined
}

export interface NormalEvent {
  readonly payload: AnySchema | undefined
  readonly reply: AnySchema | undefined
  readonly errors: ReadonlyMap<string, AnySchema>
  readonly description: string | undefined
  readonly handlerTimeoutMs: number | undefined
  readonly idempotency: Required<IdempotencyOptions> | undefined
  readonly hooks: NormalHooks
  readonly handler: (payload: unknown, context: unknown) => unknown
}

export interface NormalDefinition {
  readonly description: string | undefined
  readonly sequential: boolean
  readonly emits: ReadonlyMap<string, NormalEmit>
  /** Whether `emits` was given: then an emit that it lacks is a mistake. */
  readonly hasEmits: boolean
  readonly events: ReadonlyMap<string, NormalEvent>
  readonly hooks: NormalHooks
  readonly onConnect: AnyNamespaceDefinition['onConnect']
  readonly onDisconnect: AnyNamespaceDefinition['onDisconnect']
}

// Socket.IO keeps these names for itself, on the server and on the client.
const RESERVED_EVENTS = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']
const DEFINITION_KEYS = ['description', 'emits', 'events', 'sequential', 'onConnect', 'onDisconnect', ...HOOK_NAMES]
const EMIT_KEYS = ['payload', 'reply', 'description']
const EVENT_KEYS = [
  'payload',
  'reply',
  'errors',
  'description',
  'handlerTimeoutMs',
  'idempotency',
  'handler',
  ...HOOK_NAMES,
]
const IDEMPOTENCY_KEYS = ['key', 'ttlMs', 'store']

type Source = Record<string, unknown>

/**
 * Turns a user's definition into its normal form.
 * in: what the user wrote, and the path where; out: frozen, hooks always arrays, emits and events Maps.
 * throws FST_NSP_DEFINITION_INVALID naming the path, e.g. `namespaces["/chat"].events["x"].payload`.
 */
export function normalizeDefinition(definition: unknown, path: string): NormalDefinition {
  const source = readObject(definition, path, DEFINITION_KEYS)
  return Object.freeze({
    description: read<string>(source, 'description', path, 'string'),
    sequential: read<boolean>(source, 'sequential', path, 'boolean') ?? false,
    emits: readMap(source.emits, `${path}.emits`, normalizeEmit),
    hasEmits: source.emits !== undefined,
    events: readMap(source.events, `${path}.events`, normalizeEvent),
    hooks: readHooks(source, path),
    onConnect: read<AnyNamespaceDefinition['onConnect']>(source, 'onConnect', path, 'function'),
    onDisconnect: read<AnyNamespaceDefinition['onDisconnect']>(source, 'onDisconnect', path, 'function'),
  })
}

function normalizeEmit(value: unknown, path: string): NormalEmit {
  const source = readObject(value, path, EMIT_KEYS)
  return {
    payload: readSchema(source.payload, `${path}.payload`),
    reply: readSchema(source.reply, `${path}.reply`),
    description: read(source, 'description', path, 'string'),
  }
}

function normalizeEvent(value: unknown, path: string): NormalEvent {
  const source = readObject(value, path, EVENT_KEYS)
  const handler = read<NormalEvent['handler']>(source, 'handler', path, 'function')
  if (!handler) throw new FST_NSP_DEFINITION_INVALID(`${path}.handler`, 'is missing: an event needs a function')
  const handlerTimeoutMs = read<number>(source, 'handlerTimeoutMs', path, 'number')
  if (handlerTimeoutMs !== undefined && !isDuration(handlerTimeoutMs)) {
    throw new FST_NSP_DEFINITION_INVALID(`${path}.handlerTimeoutMs`, 'must be a whole number of milliseconds, or 0')
  }
  return {
    payload: readSchema(source.payload, `${path}.payload`),
    reply: readSchema(source.reply, `${path}.reply`),
    errors: new Map(
      Object.entries(readObject(source.errors ?? {}, `${path}.errors`)).map(([code, schema]) => [
        code,
        readSchema(schema, `${path}.errors[${JSON.stringify(code)}]`) ?? true,
      ]),
    ),
    description: read(source, 'description', path, 'string'),
    handlerTimeoutMs,
    idempotency: readIdempotency(source.idempotency, `${path}.idempotency`),
    hooks: readHooks(source, path),
    handler,
  }
}

function readIdempotency(value: unknown, path: string): NormalEvent['idempotency'] {
  if (value === undefined) return undefined
  const source = readObject(value, path, IDEMPOTENCY_KEYS)
  const key = read<IdempotencyOptions['key']>(source, 'key', path, 'function')
  if (!key) throw new FST_NSP_DEFINITION_INVALID(`${path}.key`, 'is missing: a function that gives the key of an event')
  const ttlMs = read<number>(source, 'ttlMs', path, 'number') ?? 600_000
  if (!isDuration(ttlMs) || ttlMs === 0) {
    throw new FST_NSP_DEFINITION_INVALID(`${path}.ttlMs`, 'must be a whole number of milliseconds')
  }
  const store = source.store === undefined ? createMemoryStore() : readObject(source.store, `${path}.store`)
  for (const method of ['claim', 'settle', 'release']) {
    read(store as Source, method, `${path}.store`, 'function') ?? missing(`${path}.store.${method}`)
  }
  return { key, ttlMs, store: store as unknown as Required<IdempotencyOptions>['store'] }
}

function missing(path: string): never {
  throw new FST_NSP_DEFINITION_INVALID(path, 'is missing: a store has claim, settle and release')
}

function isDuration(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 2_147_483_647
}

function readObject(value: unknown, path: string, known?: readonly string[]): Source {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FST_NSP_DEFINITION_INVALID(path, `must be an object: got ${nameOf(value)}`)
  }
  const unknownKey = known && Object.keys(value).find((key) => !known.includes(key))
  if (unknownKey !== undefined) {
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${unknownKey}`, `is unknown: use one of ${known?.join(', ')}`)
  }
  return value as Source
}

function readMap<Entry>(
  value: unknown,
  path: string,
  normalize: (entry: unknown, path: string) => Entry,
): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const [event, entry] of Object.entries(readObject(value ?? {}, path))) {
    const at = `${path}[${JSON.stringify(event)}]`
    if (RESERVED_EVENTS.includes(event)) throw new FST_NSP_DEFINITION_INVALID(at, 'is a name that Socket.IO reserves')
    entries.set(event, Object.freeze(normalize(entry, at)))
  }
  return entries
}

function read<Value>(source: Source, key: string, path: string, type: string): Value | undefined {
  const value = source[key]
  if (value === undefined || typeof value === type) return value as Value | undefined
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a ${type}: got ${nameOf(value)}`)
}

function readSchema(schema: unknown, path: string): AnySchema | undefined {
  // ArkType's schemas are functions
  const isSchema = schema !== null && ['undefined', 'boolean', 'object', 'function'].includes(typeof schema)
  if (isSchema) return schema as AnySchema | undefined
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a schema: got ${nameOf(schema)}`)
}

function readHooks(source: Source, path: string): NormalHooks {
  const hooks = toNormalHooks(source as EventHooks)
  for (const name of HOOK_NAMES) {
    const stranger = hooks[name].find((hook) => typeof hook !== 'function')
    if (stranger !== undefined) {
      throw new FST_NSP_DEFINITION_INVALID(`${path}.${name}`, `must be a function, or several: got ${nameOf(stranger)}`)
    }
  }
  return hooks
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}
