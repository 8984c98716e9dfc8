import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'

/*
 * What a log must not have: tokens in a query, in `auth`, in cookies and in headers. A line about a request of ours shows
 * that they were there, and not what they were.
 */

const REDACTED = '[redacted]'

// Of a handshake's query: the engine's own words, which no secret is. Its `sid` is one: who has it has the session.
const ENGINE_WORDS = new Set(['EIO', 'transport', 't', 'b64', 'j'])

const SECRET_HEADER = /auth(?!ority)|cookie|token|key|secret|password|session|websocket-protocol/i

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
  return ENGINE_WORDS.has(name) ? part : `${name}=${REDACTED}`
}

type Values = Readonly<Record<string, unknown>>

function redactValues(values: Values, isOpen: (name: string) => boolean): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isOpen(name) ? value : REDACTED]))
}

function redactRawHeaders(list: readonly string[]): string[] {
  return list.map((text, index) => (index % 2 === 1 && SECRET_HEADER.test(list[index - 1] as string) ? REDACTED : text))
}

/** What a serializer sees instead, by the key that it reads; of a request, or of its raw one. */
const SEEN: Readonly<Record<string, (value: never) => unknown>> = {
  url: redactUrl,
  originalUrl: redactUrl,
  query: (query: Values) => redactValues(query, (name) => ENGINE_WORDS.has(name)),
  headers: (headers: Values) => redactValues(headers, (name) => !SECRET_HEADER.test(name)),
  rawHeaders: redactRawHeaders,
  cookies: (cookies: Values) => redactValues(cookies, () => false),
  body: () => REDACTED,
  raw: veil,
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

type Serializer = (request: FastifyRequest) => unknown
type Serializers = { readonly req?: Serializer }

// pino's public symbol for what an application, or Fastify, has given it.
const SERIALIZERS = Symbol.for('pino.serializers')

const veiled = new WeakMap<Serializer, Serializer>()

function veilSerializer(serialize: Serializer): Serializer {
  const known = veiled.get(serialize)
  if (known) return known
  const made: Serializer = (request) => serialize(veil(request))
  veiled.set(serialize, made)
  return made
}

/**
 * Options of a route whose log lines keep secrets: the `req` serializer that there is, the application's or Fastify's own,
 * is given the request without them. None where the instance has no log.
 */
export function keepSecrets({ log }: Pick<FastifyInstance, 'log'>): Pick<RouteShorthandOptions, 'childLoggerFactory'> {
  // The log of an instance that has none is its own child.
  if (log.child({}) === log) return {}
  return {
    childLoggerFactory(this: FastifyInstance, logger, bindings, options, raw) {
      const own = options.serializers as Serializers | undefined
      const serialize = own?.req ?? (logger as FastifyBaseLogger & { [SERIALIZERS]?: Serializers })[SERIALIZERS]?.req
      // A copy that inherits what the contexts have given.
      const serializers = serialize && Object.assign(Object.create(own ?? null), { req: veilSerializer(serialize) })
      return this.childLoggerFactory(logger, bindings, serializers ? { ...options, serializers } : options, raw)
    },
  }
}
