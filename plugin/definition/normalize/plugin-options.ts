import { types } from 'node:util'
import { Ajv, type ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { FST_NSP_OPTIONS_INVALID } from '../../shared/errors.js'
import { agreeOnSize, DEFAULT_LIMITS, type Limits } from '../../shared/limits.js'
import { kindOf } from '../../shared/wording.js'
import type { InlineDefinition } from '../namespace-definition.js'
import type { UserId } from '../user-id.js'
import { checkServerOptions } from './check-server-options.js'
import { explainOption } from './option-error.js'
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

const milliseconds = { type: 'integer', minimum: 0, maximum: 2_147_483_647 }
const TRANSPORTS = ['polling', 'websocket', 'webtransport']
// 0 turns a limit off, but not these: they keep the process from recursing over a packet, or spreading it.
const UNBOUNDABLE = ['arguments', 'depth', 'payloadBytes']

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    io: {
      type: 'object',
      default: {},
      propertyNames: { enum: SERVER_OPTION_NAMES },
      properties: {
        path: { type: 'string', pattern: '^/[^?#\\s]*$', default: '/socket.io' },
        serveClient: { type: 'boolean' },
        transports: { type: 'array', items: { enum: TRANSPORTS }, minItems: 1, uniqueItems: true },
        connectTimeout: milliseconds,
        connectionStateRecovery: { type: 'object', properties: { maxDisconnectionDuration: milliseconds } },
        pingInterval: { ...milliseconds, minimum: 1 },
        pingTimeout: { ...milliseconds, minimum: 1 },
        upgradeTimeout: milliseconds,
        maxHttpBufferSize: { type: 'integer', minimum: 1 },
      },
    },
    namespaces: { type: 'object', default: {} },
    prefix: { type: 'string', pattern: '^(/[^/?#\\s]+)*$', default: '' },
    handlerTimeoutMs: { ...milliseconds, default: 10_000 },
    onConnectTimeoutMs: { ...milliseconds, default: 10_000 },
    admissionTimeoutMs: { ...milliseconds, default: 10_000 },
    userIdOf: {},
    fast: { type: 'boolean', default: true },
    limits: {
      type: 'object',
      default: {},
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(DEFAULT_LIMITS).map(([name, value]) => [
          name,
          { type: 'integer', default: value, minimum: UNBOUNDABLE.includes(name) ? 1 : 0, maximum: 2_147_483_647 },
        ]),
      ),
    },
    closeTimeoutMs: { type: 'integer', minimum: 0, maximum: 600_000, default: 1_000 },
  },
} as const

const KNOWN = { '': Object.keys(schema.properties), io: SERVER_OPTION_NAMES, limits: Object.keys(DEFAULT_LIMITS) }

// Without a look at the schema itself, which is ours: that would take longer than all the rest.
const validate = new Ajv({ useDefaults: true, strict: true, meta: false, validateSchema: false }).compile(schema)

/**
 * Checks the plugin's options and fills in their defaults; the argument is not touched.
 * throws FST_NSP_OPTIONS_INVALID naming the option's path, e.g. `io.pingInterval`.
 */
export function normalizeOptions(options: NamespacesOptions): NormalOptions {
  checkServerOptions(options, SERVER_OPTION_NAMES)
  // One level is copied, no more: below it are objects (an adapter, a definition) whose identity is the user's.
  const copy = { ...options, ...copyOf(options, 'io'), ...copyOf(options, 'limits') }
  if (!validate(copy))
    throw new FST_NSP_OPTIONS_INVALID(...explainOption(validate.errors as [ErrorObject], copy, KNOWN))
  const normal = copy as unknown as NormalOptions
  if (normal.userIdOf !== undefined && typeof normal.userIdOf !== 'function') {
    throw new FST_NSP_OPTIONS_INVALID('userIdOf', `must be a function: got ${JSON.stringify(normal.userIdOf)}`)
  }
  if (types.isAsyncFunction(normal.userIdOf)) {
    throw new FST_NSP_OPTIONS_INVALID('userIdOf', 'must not be asynchronous: find out who it is in a hook of joining')
  }
  agreeOnSize(normal.io, normal.limits, options.limits?.payloadBytes)
  const recovery = normal.io.connectionStateRecovery
  if (recovery?.skipMiddlewares === true) {
    throw new FST_NSP_OPTIONS_INVALID(
      'io.connectionStateRecovery.skipMiddlewares',
      'must not be true: a recovered socket is checked like any other, or a revoked token would come back in',
    )
  }
  if (recovery) normal.io.connectionStateRecovery = { ...recovery, skipMiddlewares: false }
  Object.freeze(normal.io)
  Object.freeze(normal.limits)
  return Object.freeze(normal)
}

function copyOf(options: NamespacesOptions, key: 'io' | 'limits'): object {
  return kindOf(options[key]) === 'object' ? { [key]: { ...options[key] } } : {}
}
