import type { IncomingMessage } from 'node:http'

/*
 * What a raw request asks for, as the engine reads it.
 */

/** The path, without its query and without one trailing slash. */
export function pathOf(raw: IncomingMessage): string {
  const [path] = splitUrl(raw)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

export function queryOf(raw: IncomingMessage): URLSearchParams {
  const [, query] = splitUrl(raw)
  return new URLSearchParams(query)
}

/** The id of the session that it belongs to; empty for a handshake. */
export function sessionIdOf(raw: IncomingMessage): string {
  // Of several the engine takes the last one, too.
  return queryOf(raw).getAll('sid').at(-1) ?? ''
}

function splitUrl(raw: IncomingMessage): [path: string, query: string] {
  const url = raw.url as string // a server's request has one
  const end = url.indexOf('?')
  return end < 0 ? [url, ''] : [url.slice(0, end), url.slice(end)]
}
