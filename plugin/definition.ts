import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { BroadcastOperator, DefaultEventsMap, DisconnectReason, Namespace, Socket } from 'socket.io'
import { FST_NSP_DEFINITION_INVALID } from './errors.js'
import type { AnySchema, InputOf } from './schema.js'

/** The emits of a definition as Socket.IO types them: one payload an event, none where no schema is given. */
export type EmitEvents<Emits> = 0 extends 1 & Emits
  ? DefaultEventsMap
  : { [Event in keyof Emits]: unknown extends Emits[Event] ? () => void : (payload: InputOf<Emits[Event]>) => void }

/** What the functions of a definition receive: one object per joined socket, made to be destructured. */
export interface HandlerContext<Emits> {
  /** Socket.IO's own socket; whatever a listener given to `socket.on` throws is logged, and ends nothing. */
  readonly socket: Socket<DefaultEventsMap, EmitEvents<Emits>>
  /** Socket.IO's own live namespace. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>>
  /** The Fastify request of the handshake: its cookies, session, user, ip and decorators. A snapshot of that moment. */
  readonly request: FastifyRequest
  /** The logger of that request, with `namespace` and `socketId` bound. */
  readonly log: FastifyBaseLogger
  /** Emits to this socket only. */
  readonly emit: Socket<DefaultEventsMap, EmitEvents<Emits>>['emit']
  /** Opens a broadcast to a room of this namespace, or to several; the sender's own socket is left out. */
  readonly to: (room: string | string[]) => BroadcastOperator<EmitEvents<Emits>, unknown>
}

/** What `onDisconnect` receives. */
export interface DisconnectContext<Emits> extends HandlerContext<Emits> {
  /** Socket.IO's disconnect reason, e.g. `transport close`. */
  readonly reason: DisconnectReason
  /** The rooms as they were; Socket.IO has emptied `socket.rooms` by now. */
  readonly rooms: ReadonlySet<string>
}

/** One namespace, as its user declares it. */
export interface NamespaceDefinition<Emits> {
  /** One sentence for people: it is shown by `printNamespaces()`. */
  description?: string
  /** Events that the server sends, each with the schema of its one payload; leave `payload` out for an event without. */
  emits?: { [Event in keyof Emits]: { payload?: Emits[Event]; description?: string } }
  /**
   * Runs once for each socket that has joined. What it throws or rejects is logged, and that socket is disconnected:
   * a half-prepared socket is nobody's gain.
   */
  onConnect?(context: HandlerContext<Emits>): void | Promise<void>
  /** Runs once for each socket whose onConnect ran, after it has settled. What it throws is logged; close() awaits it. */
  onDisconnect?(context: DisconnectContext<Emits>): void | Promise<void>
}

/** A definition of whatever types: what a list of them holds. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where definitions of different types meet
export type AnyNamespaceDefinition = NamespaceDefinition<any>

/** A definition checked and completed. Frozen. */
export interface NormalDefinition {
  readonly description: string | undefined
  readonly emits: ReadonlyMap<
    string,
    { readonly payload: AnySchema | undefined; readonly description: string | undefined }
  >
  readonly onConnect: AnyNamespaceDefinition['onConnect']
  readonly onDisconnect: AnyNamespaceDefinition['onDisconnect']
}

// Socket.IO keeps these names for itself, on the server and on the client.
const RESERVED_EVENTS = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']

/**
 * Gives a definition its types; it returns its argument.
 *
 * @example
 * const chat = defineNamespace({
 *   emits: { 'message:new': { payload: Type.Object({ text: Type.String() }) } },
 *   onConnect: ({ emit }) => { emit('message:new', { text: 'welcome' }) },
 * })
 */
export function defineNamespace<const Emits extends Record<string, unknown> = Record<never, never>>(
  definition: NamespaceDefinition<Emits>,
): NamespaceDefinition<Emits> {
  return definition
}

/**
 * Turns a user's definition into its normal form.
 * in: what the user wrote, and the path where; out: frozen, emits a Map.
 * throws FST_NSP_DEFINITION_INVALID naming the path, e.g. `namespaces["/chat"].emits["x"].payload`.
 */
export function normalizeDefinition(definition: unknown, path: string): NormalDefinition {
  const source = readObject(definition, path, ['description', 'emits', 'onConnect', 'onDisconnect'])
  const emits = new Map<string, { payload: AnySchema | undefined; description: string | undefined }>()
  for (const [event, entry] of Object.entries(readObject(source.emits ?? {}, `${path}.emits`))) {
    const at = `${path}.emits[${JSON.stringify(event)}]`
    if (RESERVED_EVENTS.includes(event)) throw new FST_NSP_DEFINITION_INVALID(at, 'is a name that Socket.IO reserves')
    const emit = readObject(entry, at, ['payload', 'description'])
    emits.set(event, { payload: readSchema(emit.payload, `${at}.payload`), description: readText(emit, at) })
  }
  return Object.freeze({
    description: readText(source, path),
    emits,
    onConnect: readFunction(source, 'onConnect', path),
    onDisconnect: readFunction(source, 'onDisconnect', path),
  })
}

function readObject(value: unknown, path: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FST_NSP_DEFINITION_INVALID(path, `must be an object: got ${value === null ? 'null' : typeof value}`)
  }
  const unknownKey = known && Object.keys(value).find((key) => !known.includes(key))
  if (unknownKey !== undefined) {
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${unknownKey}`, `is unknown: use one of ${known?.join(', ')}`)
  }
  return value as Record<string, unknown>
}

function readText(source: Record<string, unknown>, path: string): string | undefined {
  const { description } = source
  if (description === undefined || typeof description === 'string') return description
  throw new FST_NSP_DEFINITION_INVALID(`${path}.description`, `must be a string: got ${typeof description}`)
}

function readSchema(schema: unknown, path: string): AnySchema | undefined {
  // ArkType's schemas are functions
  const isSchema = schema !== null && ['undefined', 'boolean', 'object', 'function'].includes(typeof schema)
  if (isSchema) return schema as AnySchema | undefined
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a schema: got ${schema === null ? 'null' : typeof schema}`)
}

function readFunction<Name extends 'onConnect' | 'onDisconnect'>(
  source: Record<string, unknown>,
  name: Name,
  path: string,
): AnyNamespaceDefinition[Name] {
  const value = source[name]
  if (value === undefined || typeof value === 'function') return value as AnyNamespaceDefinition[Name]
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${name}`, `must be a function: got ${typeof value}`)
}
