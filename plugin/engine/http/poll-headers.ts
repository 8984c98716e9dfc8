import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { RecentMap } from './header-cache.js'

/*
 * What hooks have set on the answer to a polling handshake is on the later answers of its session, too: hooks do not run for
 * those, and a browser reads no answer to a page of another origin without its CORS headers.
 */

const KEPT = Symbol('poll headers')

/** A handshake's raw request. */
type WithPollHeaders = IncomingMessage & { [KEPT]?: OutgoingHttpHeaders }

/** Those of one answer: its cookies, its body, how long that is good, and what was counted for it. */
const OF_ONE_ANSWER =
  /^(accept-ranges|age|(x-)?(request|correlation|trace)-id|traceparent|server-timing|x-response-time|x-[cx]srf.*|cache-control|connection|content-.*|date|etag|expires|keep-alive|last-modified|location|pragma|(x-)?ratelimit.*|retry-after|set-cookie|trailer|transfer-encoding|upgrade|www-authenticate)$/

/** Those that are about the Origin of a request. */
const OF_AN_ORIGIN = /^access-control-/

// Most sessions of an application have the same.
const alike = new RecentMap<OutgoingHttpHeaders>(100)
const LONGEST_TEXT = 2_000

/** Keeps what hooks have set. in: the handshake's raw request, the headers of its answer, and those that the engine has set. */
export function keepPollHeaders(raw: IncomingMessage, headers: OutgoingHttpHeaders, own: OutgoingHttpHeaders): void {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !OF_ONE_ANSWER.test(name) && value !== own[name],
  )
  if (kept.length > 0) (raw as WithPollHeaders)[KEPT] = once(kept)
}

/** Sets them on the answer to a later poll, before the engine writes its own. */
export function writePollHeaders(handshake: IncomingMessage, raw: IncomingMessage, response: ServerResponse): void {
  const { [KEPT]: kept } = handshake as WithPollHeaders
  if (!kept) return
  const isSameOrigin = raw.headers.origin === handshake.headers.origin
  for (const name in kept) {
    if (isSameOrigin || !OF_AN_ORIGIN.test(name)) response.setHeader(name, kept[name] as string)
  }
}

function once(entries: readonly (readonly [string, OutgoingHttpHeaders[string]])[]): OutgoingHttpHeaders {
  const text = JSON.stringify(entries)
  const known = alike.get(text)
  if (known) return known
  const headers = Object.fromEntries(entries)
  if (text.length <= LONGEST_TEXT) alike.set(text, headers)
  return headers
}
