import { types } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { agreeOnSize, DEFAULT_LIMITS, type Limits } from '../../shared/limits.js'
import { suggest } from '../../shared/wording.js'
import { type AnyAdapter, adapterRule, type NormalAdapterOptions, placeAdapter } from '../adapters/adapter-options.js'
import type { AdapterOptions, CreateAdapter } from '../adapters/adapter-types.js'
import { allNodesRule, checkAllNodes } from '../adapters/all-nodes-limits.js'
import { type DrainOptions, drainRule } from '../adapters/drain-options.js'
import type { InlineDefinition } from '../any-definition.js'
import type { EmitOutbox } from '../outbox/emit-outbox.js'
import type { UserId } from '../user-id.js'
import { checkServerOptions, recoveryRule } from './check-server-options.js'
import { type DocumentOptions, documentRule, type NormalDocumentOptions } from './document-options.js'
import {
  closedGroup,
  flag,
  group,
  listOf,
  type OptionRule,
  object,
  refuse,
  rule,
  text,
  wholeNumber,
} from './option-rules.js'
import { pathPrefix } from './route-rules.js'
import { SERVER_OPTION_NAMES } from './server-option-names.js'

/**
 * The options of `app.register(namespaces, options)`. A wrong option is refused at boot, with its path:
 * `FST_NSP_OPTIONS_INVALID`.
 *
 * @example
 * await app.register(namespaces, { namespaces: { '/chat': chat }, limits: { eventsPerSecond: 50 } })
 */
export interface NamespacesOptions {
  /**
   * What connects the nodes of a cluster: a broker, as `{ type: 'redis', url }`, or an adapter of Socket.IO, as in `io.adapter`.
   * Without it, each node is alone.
   */
  adapter?: AdapterOptions | CreateAdapter | undefined
  /**
   * Socket.IO's own server options, passed on unchanged. `path` is a Fastify path below the context's prefix. `cors.origin`
   * also lists the other origins whose pages may open a WebSocket.
   * @defaultValue `{ path: '/socket.io' }`
   */
  io?: Partial<ServerOptions>
  /**
   * The definitions, by name. Each name gets the prefix of the context that registers the plugin. `register()` infers no
   * types: write the definitions with `defineNamespace()` or `defineNamespaces()`.
   * @defaultValue `{}`
   */
  namespaces?: Record<string, InlineDefinition>
  /**
   * A prefix of the plugin, after the one of the context: for the engine's path and every name in `namespaces`.
   * @defaultValue `''`
   */
  prefix?: string
  /**
   * Milliseconds, 0 to 600_000, that `app.close()` waits for events in flight, then for `onDisconnect`, then for clients to
   * answer the closing handshake. It then destroys the remaining connections.
   * @defaultValue 1_000
   */
  closeTimeoutMs?: number
  /**
   * Milliseconds that the hooks and the handler of an event may take together. Then the event is answered with
   * `FST_NSP_HANDLER_TIMEOUT`. The same bound holds for the wait in a sequential namespace, and for your own middlewares and
   * listeners. 0 turns it off. An event of a definition may have its own.
   * @defaultValue 10_000
   */
  handlerTimeoutMs?: number
  /**
   * Milliseconds that `onConnect` or `onRecover` may take while the events of the socket wait. Then these events are answered
   * with `FST_NSP_HANDLER_TIMEOUT`, and the socket is disconnected. 0 turns it off.
   * @defaultValue 10_000
   */
  onConnectTimeoutMs?: number
  /**
   * Milliseconds that joining a namespace may take, from the CONNECT packet to the connected socket: hooks, middlewares of
   * `io.of(name).use()`, a recovery. Then it is refused with `FST_NSP_ADMISSION_TIMEOUT`, and no further hook is started.
   * 0 turns it off.
   * @defaultValue 10_000
   */
  admissionTimeoutMs?: number
  /**
   * The user of a socket, for `app.userOf()` and `app.disconnectUser()`. Called after the joining hooks, and again when the
   * socket has connected. Synchronous.
   *
   * @param request - the request that joins the namespace
   * @returns a string, a number, a bigint, or an object with its own `toString()`, such as an ObjectId; `undefined` or `null` for
   * a socket without a user. Any other value refuses the socket with `FST_NSP_USER_ID_INVALID`.
   * @defaultValue `request.user.id`, or `request.user.sub`
   */
  userIdOf?(request: FastifyRequest): UserId | null | undefined
  /**
   * Whether events and emits take the fast path, on a WebSocket of the plugin's own, with the same bytes on the wire. With a
   * `wsEngine` or `perMessageDeflate` in `io`, and with `false`, WebSockets are left to ws. `false` also leaves out what saves
   * memory: requests are as node makes them, sockets are of Socket.IO's own class, and each connection has a decoder.
   * @defaultValue `true`
   */
  fast?: boolean
  /**
   * Limits of what clients may send.
   * @defaultValue see {@link Limits}
   */
  limits?: Partial<Limits>
  /** Where emits of transactions wait: `createPostgresOutbox()`. Without it, `emitIn()` rejects. */
  outbox?: EmitOutbox | undefined
  /** How `app.drainSockets()` ends connections. @defaultValue see {@link DrainOptions} */
  drain?: Partial<DrainOptions>
  /**
   * Serves the AsyncAPI document and the manifest of the definitions. Without it, no route is added.
   */
  document?: DocumentOptions
}

/** The checked options, with defaults, frozen. */
export interface NormalOptions
  extends Required<Omit<NamespacesOptions, 'adapter' | 'userIdOf' | 'outbox' | 'document'>> {
  /** The broker; an adapter of Socket.IO is in `io`. */
  readonly adapter?: NormalAdapterOptions
  readonly userIdOf?: NamespacesOptions['userIdOf']
  readonly outbox?: EmitOutbox
  readonly document?: NormalDocumentOptions
  readonly io: Partial<ServerOptions> & { readonly path: string }
  readonly limits: Limits
  readonly drain: DrainOptions
}

const TRANSPORTS = ['polling', 'websocket', 'webtransport']
// 0 turns a limit off, except these: without them, code that recurses over a packet or spreads it could end the process.
const UNBOUNDABLE = ['arguments', 'depth', 'payloadBytes']

const IO = {
  path: text(/^\/[^?#\s]*$/, 'a path that begins with a slash, without white space, ? and #', '/socket.io'),
  serveClient: flag(),
  transports: listOf(TRANSPORTS),
  connectTimeout: wholeNumber(0),
  connectionStateRecovery: recoveryRule,
  pingInterval: wholeNumber(1),
  pingTimeout: wholeNumber(1),
  upgradeTimeout: wholeNumber(0),
  maxHttpBufferSize: wholeNumber(1, undefined, Number.MAX_SAFE_INTEGER),
}

const LIMITS = Object.fromEntries(
  Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, wholeNumber(UNBOUNDABLE.includes(name) ? 1 : 0, value)]),
)

const OPTIONS = {
  adapter: adapterRule,
  io: { ...group(IO, problemOfServerOption), default: {} },
  namespaces: object(Object.freeze({})),
  prefix: pathPrefix(''),
  handlerTimeoutMs: wholeNumber(0, 10_000),
  onConnectTimeoutMs: wholeNumber(0, 10_000),
  admissionTimeoutMs: wholeNumber(0, 10_000),
  userIdOf: { read: checkUserIdOf },
  fast: flag(true),
  limits: { ...closedGroup({ ...LIMITS, allNodes: allNodesRule }), default: {} },
  closeTimeoutMs: wholeNumber(0, 1_000, 600_000),
  outbox: rule('an outbox, e.g. createPostgresOutbox()', (value) => typeof Object(value).statementOf === 'function'),
  drain: drainRule,
  document: documentRule,
} satisfies Record<keyof NamespacesOptions, OptionRule>

const { read: readOptions } = closedGroup(OPTIONS)
const { read: readFunction } = rule('a function', (value) => typeof value === 'function')

function problemOfServerOption(name: string): string | undefined {
  if (SERVER_OPTION_NAMES.includes(name)) return undefined
  const hint = suggest(name, SERVER_OPTION_NAMES).trimEnd()
  return `is not an option of a Socket.IO 4.8 server${hint && `: ${hint}`}`
}

function checkUserIdOf(value: unknown, path: string): unknown {
  if (types.isAsyncFunction(value)) refuse(path, 'must not be asynchronous: look up the user in a joining hook')
  return readFunction(value, path)
}

/**
 * Checks the plugin's options and fills in their defaults. It does not change its argument.
 *
 * @throws FST_NSP_OPTIONS_INVALID naming the path of the option, e.g. `io.pingInterval`
 */
export function normalizeOptions(options: NamespacesOptions): NormalOptions {
  checkServerOptions(options, SERVER_OPTION_NAMES)
  // Copies the groups of options only: an adapter or a definition is the user's own object.
  const { adapter, ...rest } = readOptions(options, '') as Omit<NormalOptions, 'adapter'> & { adapter?: AnyAdapter }
  const broker = placeAdapter(adapter, rest.io)
  const normal: NormalOptions = broker ? { ...rest, adapter: broker } : rest
  checkAllNodes(normal.limits, normal.io.adapter !== undefined)
  agreeOnSize(normal.io, normal.limits, options.limits?.payloadBytes)
  const recovery = normal.io.connectionStateRecovery
  if (recovery) normal.io.connectionStateRecovery = { ...recovery, skipMiddlewares: false }
  Object.freeze(normal.io)
  Object.freeze(normal.limits)
  return Object.freeze(normal)
}
