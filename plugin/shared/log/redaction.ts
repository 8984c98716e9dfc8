/*
 * Redacts tokens for log lines: in the query, in `auth`, in cookies and in headers. A line shows the names, and `[redacted]` in
 * place of the values.
 */

const REDACTED = '[redacted]'

// Query parameters of engine.io that are shown if their values have the form that engine.io writes. `sid` is not among them:
// it is a secret that gives access to the engine session.
const ENGINE_PARAMETERS: ReadonlyMap<string, RegExp> = new Map([
  ['EIO', /^\d$/],
  ['transport', /^(polling|websocket|webtransport)$/],
  ['t', /^[\w.-]{1,12}$/],
  ['b64', /^(1|true)$/],
  ['j', /^\d{1,6}$/],
])

function isEngineParameter(name: string, value: unknown): boolean {
  return ENGINE_PARAMETERS.get(name)?.test(String(value)) === true
}

const SECRET_HEADER =
  /auth(?!ority)|cookie|token|key|secret|password|session|jwt|csrf|xsrf|credential|signature|websocket-protocol/i

/** Redacts the values in the query of a URL, except those of engine.io's own parameters. */
export function redactUrl(url: string): string {
  const start = url.indexOf('?')
  if (start < 0) return url
  let redacted = url.slice(0, start)
  // From each `?` or `&` to the next `&`: without lists, because every handshake and every connect is logged.
  for (let from = start, end = start; from < url.length; from = end) {
    end = url.indexOf('&', from + 1)
    if (end < 0) end = url.length
    redacted += url[from] + redactPart(url.slice(from + 1, end))
  }
  return redacted
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

/** A request that a serializer may read, without its secrets; any other value is returned as it is. */
export function redactRequest<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? (new Proxy(value, REDACTING) as Value) : value
}
