import type { IncomingMessage } from 'node:http'

/*
 * Path, query, engine session id and protocol of a raw request, read in the way that engine.io reads them.
 */

/** The path of a url, without query and without one trailing slash. */
export function pathOf(url: string): string {
  const [path] = split(url)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

export function queryOf(raw: IncomingMessage): URLSearchParams {
  const [, query] = splitUrl(raw)
  return new URLSearchParams(query)
}

// An object that inherits nothing and has a hidden class in V8.
const Query = function Query() {} as unknown as new () => Record<string, string>
Query.prototype = Object.create(null)

// Queries with these need URLSearchParams.
const ENCODED = /[+%#]/

/** The query as the engine reads it: of repeated names the last value. Undefined for an encoded query. */
export function readQuery(raw: IncomingMessage): Record<string, string> | undefined {
  const [, text] = splitUrl(raw)
  if (ENCODED.test(text)) return undefined
  const query = new Query()
  eachPart(text, (part, name) => {
    query[name] = part.slice(name.length + 1)
  })
  return query
}

/** The query with its question mark, without the parameters of those names; may be empty. */
export function searchWithout(raw: IncomingMessage, names: ReadonlySet<string>): string {
  const [, text] = splitUrl(raw)
  // URLSearchParams encodes it again.
  const query = ENCODED.test(text) ? `?${queryOf(raw)}` : text
  let search = ''
  eachPart(query, (part, name) => {
    if (!names.has(name)) search += `${search === '' ? '?' : '&'}${part}`
  })
  return search
}

/** Calls `visit` for each parameter of a query with its question mark, without creating a list. */
function eachPart(query: string, visit: (part: string, name: string) => void): void {
  for (let start = 1, end = 0; start < query.length; start = end + 1) {
    end = query.indexOf('&', start)
    if (end < 0) end = query.length
    if (end === start) continue
    const part = query.slice(start, end)
    const sign = part.indexOf('=')
    visit(part, sign < 0 ? part : part.slice(0, sign))
  }
}

/** The id of the engine session of a request; empty for a handshake. */
export function sessionIdOf(raw: IncomingMessage): string {
  return parameterOf(raw, 'sid') ?? ''
}

/** The revision of Engine.IO's protocol that a request names. */
export function protocolOf(raw: IncomingMessage): 3 | 4 {
  return parameterOf(raw, 'EIO') === '4' ? 4 : 3
}

function parameterOf(raw: IncomingMessage, name: string): string | undefined {
  const { _query } = raw as { _query?: Record<string, string> }
  if (_query) return _query[name]
  // The engine, too, reads the last one.
  return queryOf(raw).getAll(name).at(-1)
}

function splitUrl(raw: IncomingMessage): [path: string, query: string] {
  return split(raw.url as string) // a server's request has one
}

function split(url: string): [path: string, query: string] {
  const end = url.indexOf('?')
  return end < 0 ? [url, ''] : [url.slice(0, end), url.slice(end)]
}
