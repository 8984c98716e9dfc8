import { types } from 'node:util'
import type { ServerOptions } from 'socket.io'
import { kindOf, suggest } from '../../shared/wording.js'
import { group, type OptionRule, refuse, wholeNumber } from './option-rules.js'

/*
 * Checks the options of Socket.IO that Socket.IO itself does not check, above all `cors`. Every function here throws
 * FST_NSP_OPTIONS_INVALID with the path of the option and the remedy.
 */

type CorsSettings = Exclude<NonNullable<ServerOptions['cors']>, (...args: never[]) => unknown>

// tsc reports an option of the `cors` package that is missing here. `headers` is its alias of `allowedHeaders`.
const CORS_NAMES = [
  ...Object.keys({
    origin: true,
    methods: true,
    allowedHeaders: true,
    exposedHeaders: true,
    credentials: true,
    maxAge: true,
    preflightContinue: true,
    optionsSuccessStatus: true,
  } satisfies Record<keyof CorsSettings, true>),
  'headers',
]

// Nothing handles a rejection of these functions, so it would end the process.
const ASYNC = 'must not be async: call back with callback(error, value)'
const EXAMPLE = "cors: { origin: ['https://app.example'] }"

/**
 * Checks `io`, and that no option of Socket.IO stands beside it.
 *
 * @param options - the plugin's options, unchecked
 * @param names - the names of Socket.IO's options
 */
export function checkServerOptions(options: object, names: readonly string[]): void {
  // `adapter` is also an option of the plugin.
  const stray = Object.keys(options).find((key) => names.includes(key) && key !== 'adapter')
  if (stray !== undefined) refuse(stray, `is an option of Socket.IO: write io: { ${stray}: … }`)
  const { io } = options as { io?: unknown }
  if (typeof io !== 'object' || io === null) return
  if ('origins' in io) refuse('io.origins', `is an option of Socket.IO 2: write ${EXAMPLE}`)
  const { allowRequest, cors, parser, wsEngine } = io as Partial<ServerOptions>
  if (allowRequest !== undefined && typeof allowRequest !== 'function') {
    refuse('io.allowRequest', `must be a function (request, callback): got ${kindOf(allowRequest)}`)
  }
  if (wsEngine !== undefined && typeof wsEngine !== 'function') {
    refuse('io.wsEngine', `must be a class, such as WebSocketServer of ws: got ${kindOf(wsEngine)}`)
  }
  if (parser !== undefined && !isParser(parser)) {
    refuse(
      'io.parser',
      `must have the classes Encoder and Decoder, like socket.io-msgpack-parser: got ${kindOf(parser)}`,
    )
  }
  if (types.isAsyncFunction(cors)) refuse('io.cors', ASYNC)
  if (cors !== undefined && typeof cors !== 'function') checkCors(cors)
}

function isParser(parser: unknown): boolean {
  const { Encoder, Decoder } = Object(parser)
  return typeof Encoder === 'function' && typeof Decoder === 'function'
}

function checkCors(cors: unknown): void {
  if (typeof cors !== 'object' || cors === null || Array.isArray(cors)) {
    refuse('io.cors', `must be an object, or a function: got ${show(cors)}. Write ${EXAMPLE}`)
  }
  const unknown = Object.keys(cors).find((key) => !CORS_NAMES.includes(key))
  if (unknown !== undefined) {
    refuse(`io.cors.${unknown}`, `is unknown: ${suggest(unknown, CORS_NAMES)}use one of ${CORS_NAMES.join(', ')}`)
  }
  const { origin, credentials } = cors as CorsSettings
  if (types.isAsyncFunction(origin)) refuse('io.cors.origin', ASYNC)
  // With true, the response allows the origin of the request, whatever it is.
  if (origin === true)
    refuse('io.cors.origin', `must list the origins, because true allows every page: write ${EXAMPLE}`)
  if (origin === '*' && credentials === true) {
    refuse('io.cors.origin', `must list the origins if credentials are allowed: write ${EXAMPLE}`)
  }
  if (origin === undefined || origin === false || origin === '*' || typeof origin === 'function') return
  if (!Array.isArray(origin)) checkOrigin(origin, 'io.cors.origin')
  else for (const [index, entry] of origin.entries()) checkOrigin(entry, `io.cors.origin[${index}]`)
}

/** Checks that an origin is written as browsers send it. Origins are compared as strings, so any other form never matches. */
function checkOrigin(value: unknown, path: string): void {
  if (value instanceof RegExp) return
  if (typeof value !== 'string') {
    refuse(path, `must be an origin as 'https://app.example', a regular expression, or a function: got ${show(value)}`)
  }
  if (value === 'null') refuse(path, 'must not be "null": any page can have that origin, in a frame with `sandbox`')
  if (value.includes('*')) {
    refuse(
      path,
      `contains *, which is not a wildcard here: write a regular expression, as /^https:\\/\\/[^.]+\\.app\\.example$/`,
    )
  }
  const wanted = originOf(value)
  if (wanted !== value) refuse(path, `must be an origin, as a browser sends it: got "${value}", write "${wanted}"`)
}

/** The origin that a value most likely stands for. */
function originOf(value: string): string {
  const bare = value.replace(/^\/+/, '')
  const scheme = /^(localhost|127\.0\.0\.1|\[::1\])(?=:|$)/i.test(bare) ? 'http' : 'https'
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `${scheme}://${bare}`
  if (!URL.canParse(text)) return 'https://app.example'
  const { origin, protocol, host } = new URL(text)
  // An app on a phone or a desktop, e.g. capacitor://localhost.
  return origin === 'null' ? `${protocol}//${host}` : origin
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : typeof value === 'boolean' ? String(value) : kindOf(value)
}

/** Checks `skipMiddlewares`. */
function checkSkipping(value: unknown, path: string): unknown {
  if (value !== true) return value
  return refuse(
    path,
    'must not be true: a recovered socket must pass the same checks, otherwise a revoked token would be accepted',
  )
}

const RECOVERY = group(
  { maxDisconnectionDuration: wholeNumber(0), skipMiddlewares: { read: checkSkipping } },
  () => undefined,
)

/** Checks `connectionStateRecovery`. */
export const recoveryRule: OptionRule = {
  read(value, path) {
    if (value === true) refuse(path, 'must be an object, {} for its defaults: got true')
    return RECOVERY.read(value, path)
  },
}
