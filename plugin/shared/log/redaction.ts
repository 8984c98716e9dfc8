import type { FastifyBaseLogger, FastifyInstance, RouteShorthandOptions } from 'fastify'

/*
 * What a log must not have: tokens in a query, in `auth`, in cookies and in headers. A line about a request of ours shows
 * that they were there, and not what they were.
 */

const REDACTED = '[redacted]'

// Of a handshake's query: the engine's own words, with values as the engine's are. Its `sid` is a secret: who has it has the session.
const ENGINE_WORDS: Readonly<Record<string, RegExp>> = {
  EIO: /^\d$/,
  transport: /^(polling|websocket|webtransport)$/,
  t: /^[\w.-]{1,12}$/,
  b64: /^(1|true)$/,
  j: /^\d{1,6}$/,
}

function isEngineWord(name: string, value: unknown): boolean {
  return Object.hasOwn(ENGINE_WORDS, name) && ENGINE_WORDS[name]?.test(String(value)) === true
}

const SECRET_HEADER =
  /auth(?!ority)|cookie|token|key|secret|password|session|jwt|csrf|xsrf|credential|signature|websocket-protocol/i

/** A URL as a log may have it: of its query the names, and the values of the engine's own. */
export function redactUrl(url: string): string {
  const start = url.indexOf('?')
  if (start < 0) return url
  const parts = url.slice(start + 1).split('&')
  return `${url.slice(0, start)}?${parts.map(redactPart).join('&')}`
}

function redactPart(part: string): string {
  const sign = part.indexOf('=')
  // Alone it may be the secret itself.
  if (sign < 0) return part === '' ? '' : REDACTED
  const name = part.slice(0, sign)
  return isEngineWord(name, part.slice(sign + 1)) ? part : `${name}=${REDACTED}`
}

type Values = Readonly<Record<string, unknown>>

function redactValues(values: Values, isOpen: (name: string, value: unknown) => boolean): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isOpen(name, value) ? value : REDACTED]),
  )
}

/** The URL of the page before may have a secret in its query. */
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

/** What a serializer sees instead, by the key that it reads; of a request, or of its raw one. */
const SEEN: Readonly<Record<string, (value: never) => unknown>> = {
  url: redactUrl,
  originalUrl: redactUrl,
  query: (query: Values) => redactValues(query, isEngineWord),
  headers: (headers: Values) => redactValues(redactReferer(headers), (name) => !SECRET_HEADER.test(name)),
  rawHeaders: redactRawHeaders,
  cookies: (cookies: Values) => redactValues(cookies, () => false),
  body: () => REDACTED,
  raw: veil,
  req: veil,
  request: veil,
}

const VEIL: ProxyHandler<object> = {
  get(target, key) {
    const value = Reflect.get(target, key) as never
    const see = value === undefined || value === null || !Object.hasOwn(SEEN, key) ? undefined : SEEN[key as string]
    return see ? see(value) : value
  },
}

function veil<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? (new Proxy(value, VEIL) as Value) : value
}

// Of a request, or of a reply, which has its request.
type Serializer = (subject: object) => unknown
type Serializers = { readonly req?: Serializer; readonly res?: Serializer }

// pino's public symbol for what an application, or Fastify, has given it.
const SERIALIZERS = Symbol.for('pino.serializers')

const veiled = new WeakMap<Serializer, Serializer>()

function veilSerializer(serialize: Serializer): Serializer {
  const known = veiled.get(serialize)
  if (known) return known
  const made: Serializer = (subject) => serialize(veil(subject))
  veiled.set(serialize, made)
  return made
}

/**
 * Options of a route whose log lines keep secrets: the `req` serializer that there is, the application's or Fastify's own,
 * is given the request without them, and so is the `res` serializer. None where the instance has no log.
 */
export function redactRouteLogs({
  log,
}: Pick<FastifyInstance, 'log'>): Pick<RouteShorthandOptions, 'childLoggerFactory'> {
  // The log of an instance that has none is its own child.
  if (log.child({}) === log) return {}
  return {
    childLoggerFactory(this: FastifyInstance, logger, bindings, options, raw) {
      const own = options.serializers as Serializers | undefined
      const inherited = (logger as FastifyBaseLogger & { [SERIALIZERS]?: Serializers })[SERIALIZERS]
      // A copy that inherits what the contexts have given.
      const serializers: Record<string, Serializer> = Object.create(own ?? null)
      for (const name of ['req', 'res'] as const) {
        const serialize = own?.[name] ?? inherited?.[name]
        if (serialize) serializers[name] = veilSerializer(serialize)
      }
      return this.childLoggerFactory(logger, bindings, { ...options, serializers } as typeof options, raw)
    },
  }
}
