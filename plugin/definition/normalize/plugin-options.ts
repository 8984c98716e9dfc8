import { types } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { agreeOnSize, DEFAULT_LIMITS, type Limits } from '../../shared/limits.js'
import { suggest } from '../../shared/wording.js'
import type { InlineDefinition } from '../namespace-definition.js'
import type { UserId } from '../user-id.js'
import { checkServerOptions } from './check-server-options.js'
import { closedGroup, flag, group, listOf, object, type Rule, refuse, rule, text, wholeNumber } from './option-rules.js'
import { SERVER_OPTION_NAMES } from './server-option-names.js'

/** What `app.register(namespaces, options)` takes. */
export interface NamespacesOptions {
  /**
   * Socket.IO's own server options, handed on as they are. `path` is a Fastify path, below the context's prefix;
   * default `/socket.io`. `cors.origin` is also the list of foreign origins that may open a WebSocket.
   */
  io?: Partial<ServerOptions>
  /** Name -> definition, each mounted below the prefix of the context that registers the plugin. */
  namespaces?: Record<string, InlineDefinition>
  /** A prefix of the plugin's own, after the context's: for the engine's path and for every name in `namespaces`. */
  prefix?: string
  /**
   * Longest that close() waits for events in flight, then for `onDisconnect` functions, then for clients to answer the
   * closing handshake; connections that are left then are destroyed. Milliseconds, 0 to 600_000. Default 1_000.
   */
  closeTimeoutMs?: number
  /**
   * Longest an event may take, hooks and handler, before its ack is answered with FST_NSP_HANDLER_TIMEOUT; as long again
   * for its turn in a sequential namespace, and in the application's own middlewares and listeners. Milliseconds, 0 turns it off. Default 10_000. A definition's event may have its own.
   */
  handlerTimeoutMs?: number
  /**
   * Longest that a definition's `onConnect` or `onRecover` may take, while the events of its socket wait; then it counts as
   * failed, they are answered with FST_NSP_HANDLER_TIMEOUT, and the socket is disconnected. Milliseconds, 0 turns it off.
   * Default 10_000.
   */
  onConnectTimeoutMs?: number
  /**
   * Longest that joining a namespace may take, from its CONNECT packet until its socket has connected: its hooks, the
   * middlewares of `io.of(name).use()`, a recovery. Then it is refused with FST_NSP_ADMISSION_TIMEOUT, and no further hook
   * of it begins. Milliseconds, 0 turns it off. Default 10_000.
   */
  admissionTimeoutMs?: number
  /**
   * Whose socket it is, for `app.disconnectUser()`: a string, a number, or an object with a text of its own. Asked of the
   * request that joins, at its end and when its socket has connected; undefined is nobody's. Anything else refuses.
   * Default: `request.user.id`, or `request.user.sub`.
   */
  userIdOf?(request: FastifyRequest): UserId | null | undefined
  /**
   * Whether events and emits take shortcuts past engine.io and ws, with the same bytes on the wire. They need the versions
   * they were tested with, Socket.IO's own `parser`, and the ws that it brings; without these all goes the long way, and
   * the log says so. Default true.
   */
  fast?: boolean
  /** Bounds of what one socket may take; each has a default. */
  limits?: Partial<Limits>
}

/** Options checked, completed and frozen. */
export interface NormalOptions extends Required<Omit<NamespacesOptions, 'userIdOf'>> {
  readonly userIdOf?: NamespacesOptions['userIdOf']
  readonly io: Partial<ServerOptions> & { readonly path: string }
  readonly limits: Limits
}

const TRANSPORTS = ['polling', 'websocket', 'webtransport']
// 0 turns off any limit but these: they keep the process from recursing over a packet, or spreading it.
const UNBOUNDABLE = ['arguments', 'depth', 'payloadBytes']

const IO = {
  path: text(/^\/[^?#\s]*$/, 'a path that begins with a slash, without a query', '/socket.io'),
  serveClient: flag(),
  transports: listOf(TRANSPORTS),
  connectTimeout: wholeNumber(0),
  connectionStateRecovery: group(
    { maxDisconnectionDuration: wholeNumber(0), skipMiddlewares: { read: checkSkipping } },
    () => undefined,
  ),
  pingInterval: wholeNumber(1),
  pingTimeout: wholeNumber(1),
  upgradeTimeout: wholeNumber(0),
  maxHttpBufferSize: wholeNumber(1, undefined, Number.MAX_SAFE_INTEGER),
}

const LIMITS = Object.fromEntries(
  Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, wholeNumber(UNBOUNDABLE.includes(name) ? 1 : 0, value)]),
)

const OPTIONS = {
  io: { ...group(IO, problemOfServerOption), default: {} },
  namespaces: object(Object.freeze({})),
  prefix: text(/^(\/[^/?#\s]+)*$/, 'empty, or segments that each begin with a slash', ''),
  handlerTimeoutMs: wholeNumber(0, 10_000),
  onConnectTimeoutMs: wholeNumber(0, 10_000),
  admissionTimeoutMs: wholeNumber(0, 10_000),
  userIdOf: { read: checkUserIdOf },
  fast: flag(true),
  limits: { ...closedGroup(LIMITS), default: {} },
  closeTimeoutMs: wholeNumber(0, 1_000, 600_000),
} satisfies Record<keyof NamespacesOptions, Rule>

const { read: readOptions } = closedGroup(OPTIONS)
const { read: readFunction } = rule('a function', (value) => typeof value === 'function')

function problemOfServerOption(name: string): string | undefined {
  if (SERVER_OPTION_NAMES.includes(name)) return undefined
  const hint = suggest(name, SERVER_OPTION_NAMES).trimEnd()
  return `is no option of a Socket.IO 4.8 server${hint && `: ${hint}`}`
}

function checkUserIdOf(value: unknown, path: string): unknown {
  if (types.isAsyncFunction(value)) refuse(path, 'must not be asynchronous: find out who it is in a hook of joining')
  return readFunction(value, path)
}

function checkSkipping(value: unknown, path: string): unknown {
  if (value !== true) return value
  return refuse(
    path,
    'must not be true: a recovered socket is checked like any other, or a revoked token would come back in',
  )
}

/**
 * Checks the plugin's options and fills in their defaults; the argument is not touched.
 * throws FST_NSP_OPTIONS_INVALID naming the option's path, e.g. `io.pingInterval`.
 */
export function normalizeOptions(options: NamespacesOptions): NormalOptions {
  checkServerOptions(options, SERVER_OPTION_NAMES)
  // What is copied are the groups of options above: an adapter or a definition keeps its identity.
  const normal = readOptions(options, '') as NormalOptions
  agreeOnSize(normal.io, normal.limits, options.limits?.payloadBytes)
  const recovery = normal.io.connectionStateRecovery
  if (recovery) normal.io.connectionStateRecovery = { ...recovery, skipMiddlewares: false }
  Object.freeze(normal.io)
  Object.freeze(normal.limits)
  return Object.freeze(normal)
}
