import type { FastifyBaseLogger, FastifyInstance, RouteShorthandOptions } from 'fastify'

/*
 * Redacts tokens in the log lines of the plugin's routes: in the query, in `auth`, in cookies and in headers. A line shows
 * the names, and `[redacted]` in place of the values.
 */

const REDACTED = '[redacted]'

// Query parameters of engine.io that are shown if their values have the form that engine.io writes. `sid` is not among them:
// it is a secret that gives access to the engine session.
const ENGINE_PARAMETERS: Readonly<Record<string, RegExp>> = {
  EIO: /^\d$/,
  transport: /^(polling|websocket|webtransport)$/,
  t: /^[\w.-]{1,12}$/,
  b64: /^(1|true)$/,
  j: /^\d{1,6}$/,
}

function isEngineParameter(name: string, value: unknown): boolean {
  return Object.hasOwn(ENGINE_PARAMETERS, name) && ENGINE_PARAMETERS[name]?.test(String(value)) === true
}

const SECRET_HEADER =
  /auth(?!ority)|cookie|token|key|secret|password|session|jwt|csrf|xsrf|credential|signature|websocket-protocol/i

/** Redacts the values in the query of a URL, except those of engine.io's own parameters. */
export function redactUrl(url: string): string {
  const start = url.indexOf('?')
  if (start < 0) return url
  const parts = url.slice(start + 1).split('&')
  return `${url.slice(0, start)}?${parts.map(redactPart).join('&')}`
}

function redactPart(part: string): string {
  const sign = part.indexOf('=')
  // A parameter without a value may be the secret itself.
  if (sign < 0) return part === '' ? '' : REDACTED
  const name = part.slice(0, sign)
  return isEngineParameter(name, part.slice(sign + 1)) ? part : `${name}=${REDACTED}`
}

type Values = Readonly<Record<string, unknown>>

function redactValues(values: Values, isOpen: (name: string, value: unknown) => boolean): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isOpen(name, value) ? value : REDACTED]),
  )
}

/** Redacts `referer`: the URL of the previous page may have a secret in its query. */
function redactReferer(headers: Values): Values {
  return typeof headers.referer === 'string' ? { ...headers, referer: redactUrl(headers.referer) } : headers
}

function redactRawHeaders(list: readonly string[]): string[] {
  return list.map((text, index) => {
    const name = index % 2 === 1 ? (list[index - 1] as string) : ''
    if (name.toLowerCase() === 'referer') return redactUrl(text)
    return SECRET_HEADER.test(name) ? REDACTED : text
  })
}

/** The redacted values that a serializer reads, by the property of the request or of its raw request. */
const REDACTIONS: Readonly<Record<string, (value: never) => unknown>> = {
  url: redactUrl,
  originalUrl: redactUrl,
  query: (query: Values) => redactValues(query, isEngineParameter),
  headers: (headers: Values) => redactValues(redactReferer(headers), (name) => !SECRET_HEADER.test(name)),
  rawHeaders: redactRawHeaders,
  cookies: (cookies: Values) => redactValues(cookies, () => false),
  body: () => REDACTED,
  raw: redactRequest,
  req: redactRequest,
  request: redactRequest,
}

const REDACTING: ProxyHandler<object> = {
  get(target, key) {
    const value = Reflect.get(target, key) as never
    const redact =
      value === undefined || value === null || !Object.hasOwn(REDACTIONS, key) ? undefined : REDACTIONS[key as string]
    return redact ? redact(value) : value
  },
}

function redactRequest<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? (new Proxy(value, REDACTING) as Value) : value
}

// Serializes a request, or a reply, which has a reference to its request.
type Serializer = (subject: object) => unknown
type Serializers = { readonly req?: Serializer; readonly res?: Serializer }

// The public symbol of pino for the serializers of the application or of Fastify.
const SERIALIZERS = Symbol.for('pino.serializers')

const redactedSerializers = new WeakMap<Serializer, Serializer>()

function redactSerializer(serialize: Serializer): Serializer {
  const known = redactedSerializers.get(serialize)
  if (known) return known
  const made: Serializer = (subject) => serialize(redactRequest(subject))
  redactedSerializers.set(serialize, made)
  return made
}

/**
 * Creates the options of a route whose log lines are redacted: the `req` and `res` serializers, the application's or
 * Fastify's own, receive the request without its secrets.
 *
 * @returns the options; empty if the instance has no log
 */
export function redactRouteLogs({
  log,
}: Pick<FastifyInstance, 'log'>): Pick<RouteShorthandOptions, 'childLoggerFactory'> {
  // The child of a disabled logger is the logger itself.
  if (log.child({}) === log) return {}
  return {
    childLoggerFactory(this: FastifyInstance, logger, bindings, options, raw) {
      const own = options.serializers as Serializers | undefined
      const inherited = (logger as FastifyBaseLogger & { [SERIALIZERS]?: Serializers })[SERIALIZERS]
      // An object that inherits the serializers of the contexts.
      const serializers: Record<string, Serializer> = Object.create(own ?? null)
      for (const name of ['req', 'res'] as const) {
        const serialize = own?.[name] ?? inherited?.[name]
        if (serialize) serializers[name] = redactSerializer(serialize)
      }
      return this.childLoggerFactory(logger, bindings, { ...options, serializers } as typeof options, raw)
    },
  }
}
