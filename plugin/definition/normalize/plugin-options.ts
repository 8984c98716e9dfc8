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

/**
 * The options of `app.register(namespaces, options)`. A wrong option is refused at boot, with its path:
 * `FST_NSP_OPTIONS_INVALID`.
 *
 * @example
 * await app.register(namespaces, { namespaces: { '/chat': chat }, limits: { eventsPerSecond: 50 } })
 */
export interface NamespacesOptions {
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
   * Whether events and emits take the fast path past engine.io and ws, with the same bytes on the wire. It needs tested
   * versions of both, Socket.IO's own `parser` and its own ws. Otherwise the fast path is off, and the log says so.
   * @defaultValue `true`
   */
  fast?: boolean
  /**
   * Limits of what clients may send.
   * @defaultValue see {@link Limits}
   */
  limits?: Partial<Limits>
}

/** The checked options, with defaults, frozen. */
export interface NormalOptions extends Required<Omit<NamespacesOptions, 'userIdOf'>> {
  readonly userIdOf?: NamespacesOptions['userIdOf']
  readonly io: Partial<ServerOptions> & { readonly path: string }
  readonly limits: Limits
}

const milliseconds = { type: 'integer', minimum: 0, maximum: 2_147_483_647 }
const TRANSPORTS = ['polling', 'websocket', 'webtransport']
// 0 turns a limit off, except these: without them, code that recurses over a packet or spreads it could end the process.
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

// Checking the schema itself would take longer than everything else here.
const validate = new Ajv({ useDefaults: true, strict: true, meta: false, validateSchema: false }).compile(schema)

/**
 * Checks the plugin's options and fills in their defaults. It does not change its argument.
 *
 * @throws FST_NSP_OPTIONS_INVALID naming the path of the option, e.g. `io.pingInterval`
 */
export function normalizeOptions(options: NamespacesOptions): NormalOptions {
  checkServerOptions(options, SERVER_OPTION_NAMES)
  // Copies one level only: below it are the user's own objects (an adapter, a definition).
  const copy = { ...options, ...copyOf(options, 'io'), ...copyOf(options, 'limits') }
  if (!validate(copy))
    throw new FST_NSP_OPTIONS_INVALID(...explainOption(validate.errors as [ErrorObject], copy, KNOWN))
  const normal = copy as unknown as NormalOptions
  if (normal.userIdOf !== undefined && typeof normal.userIdOf !== 'function') {
    throw new FST_NSP_OPTIONS_INVALID('userIdOf', `must be a function: got ${JSON.stringify(normal.userIdOf)}`)
  }
  if (types.isAsyncFunction(normal.userIdOf)) {
    throw new FST_NSP_OPTIONS_INVALID('userIdOf', 'must not be asynchronous: look up the user in a joining hook')
  }
  agreeOnSize(normal.io, normal.limits, options.limits?.payloadBytes)
  const recovery = normal.io.connectionStateRecovery
  if (recovery?.skipMiddlewares === true) {
    throw new FST_NSP_OPTIONS_INVALID(
      'io.connectionStateRecovery.skipMiddlewares',
      'must not be true: a recovered socket must pass the same checks, otherwise a revoked token would be accepted',
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
