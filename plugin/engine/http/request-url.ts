import type { IncomingMessage } from 'node:http'

/*
 * What a raw request asks for, as the engine reads it.
 */

/** The path of a url, without its query and without one trailing slash. */
export function pathOf(url: string): string {
  const [path] = split(url)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

export function queryOf(raw: IncomingMessage): URLSearchParams {
  const [, query] = splitUrl(raw)
  return new URLSearchParams(query)
}

// Has no prototype, and is no dictionary for V8.
const Query = function Query() {} as unknown as new () => Record<string, string>
Query.prototype = Object.create(null)

// What only a parser can read.
const ENCODED = /[+%#]/

/** The query as the engine reads it, of several values of a name the last; undefined for one that only a parser can read. */
export function readQuery(raw: IncomingMessage): Record<string, string> | undefined {
  const [, text] = splitUrl(raw)
  if (ENCODED.test(text)) return undefined
  const query = new Query()
  eachPart(text, (part, name) => {
    query[name] = part.slice(name.length + 1)
  })
  return query
}

/** The query with its question mark, without the parameters of those names; or empty. */
export function searchWithout(raw: IncomingMessage, names: ReadonlySet<string>): string {
  const [, text] = splitUrl(raw)
  // A parser writes it as it can read it itself.
  const query = ENCODED.test(text) ? `?${queryOf(raw)}` : text
  let search = ''
  eachPart(query, (part, name) => {
    if (!names.has(name)) search += `${search === '' ? '?' : '&'}${part}`
  })
  return search
}

/** Goes over the parameters of a query with its question mark. No list is made of them. */
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

/** The id of the session that it belongs to; empty for a handshake. */
export function sessionIdOf(raw: IncomingMessage): string {
  const { _query } = raw as { _query?: Record<string, string> }
  if (_query) return _query.sid ?? ''
  // Of several the engine takes the last one, too.
  return queryOf(raw).getAll('sid').at(-1) ?? ''
}

function splitUrl(raw: IncomingMessage): [path: string, query: string] {
  return split(raw.url as string) // a server's request has one
}

function split(url: string): [path: string, query: string] {
  const end = url.indexOf('?')
  return end < 0 ? [url, ''] : [url.slice(0, end), url.slice(end)]
}
