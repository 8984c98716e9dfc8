import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { RecentMap } from './header-cache.js'

/*
 * Repeats the headers that hooks have set on the response to a polling handshake on the later responses of its engine session.
 * Hooks do not run for those, and a browser needs their CORS headers to give a response to a page of another origin.
 */

const KEPT = Symbol('poll headers')

/** The raw request of a handshake. */
type WithPollHeaders = IncomingMessage & { [KEPT]?: OutgoingHttpHeaders }

/** Headers of one response, which are not repeated: cookies, body, caching, ids and rate limits. */
const OF_ONE_ANSWER =
  /^(accept-ranges|age|(x-)?(request|correlation|trace)-id|traceparent|server-timing|x-response-time|x-[cx]srf.*|cache-control|connection|content-.*|date|etag|expires|keep-alive|last-modified|location|pragma|(x-)?ratelimit.*|retry-after|set-cookie|trailer|transfer-encoding|upgrade|www-authenticate)$/

/** Headers that depend on the Origin of a request. */
const OF_AN_ORIGIN = /^access-control-/

// Most engine sessions of an application have the same headers.
const known = new RecentMap<OutgoingHttpHeaders>(100)
const LONGEST_TEXT = 2_000

/**
 * Keeps the headers that hooks have set.
 *
 * @param raw - the raw request of the handshake
 * @param headers - the headers of its response
 * @param own - the headers that the engine has set
 */
export function keepPollHeaders(raw: IncomingMessage, headers: OutgoingHttpHeaders, own: OutgoingHttpHeaders): void {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !OF_ONE_ANSWER.test(name) && value !== own[name],
  )
  if (kept.length > 0) (raw as WithPollHeaders)[KEPT] = deduplicate(kept)
}

/** Sets the kept headers on the response to a later poll, before the engine sets its own. */
export function writePollHeaders(handshake: IncomingMessage, raw: IncomingMessage, response: ServerResponse): void {
  const { [KEPT]: kept } = handshake as WithPollHeaders
  if (!kept) return
  const isSameOrigin = raw.headers.origin === handshake.headers.origin
  for (const name in kept) {
    if (isSameOrigin || !OF_AN_ORIGIN.test(name)) response.setHeader(name, kept[name] as string)
  }
}

function deduplicate(entries: readonly (readonly [string, OutgoingHttpHeaders[string]])[]): OutgoingHttpHeaders {
  const text = JSON.stringify(entries)
  const first = known.get(text)
  if (first) return first
  const headers = Object.fromEntries(entries)
  if (text.length <= LONGEST_TEXT) known.set(text, headers)
  return headers
}
