import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { queryOf } from './http/request-url.js'
import { shortenOrigin } from './origin-policy.js'

/*
 * Logs why a handshake was refused and how to fix it: a browser does not show the reason to its page. Each hint is logged once,
 * or once for each origin, because clients try again and again.
 */

const MOST_ORIGINS = 10

/**
 * Logs a hint for the handshakes that a hook or the origin policy refuses.
 *
 * @param scope - the context that has the engine's routes and nothing else
 * @param hasNamespaces - whether any namespace is declared; called only when needed
 */
export function logHandshakeHints(scope: FastifyInstance, hasNamespaces: () => boolean): void {
  // Requests that have reached the engine, or that the plugin itself has refused.
  const explained = new WeakSet<IncomingMessage>()
  const origins = new Set<string>()
  let isHookHinted = false

  scope.addHook('preHandler', ({ raw }, _reply, done) => {
    explained.add(raw)
    done()
  })

  scope.addHook('onError', ({ raw, headers: { origin = '' }, host, log }, _reply, { code }, done) => {
    if (code === 'FST_NSP_ORIGIN_FORBIDDEN') {
      explained.add(raw)
      const shown = shortenOrigin(origin).slice(0, 100)
      if (origins.size < MOST_ORIGINS && !origins.has(shown)) {
        origins.add(shown)
        log.warn({ origin: shown, host, code }, ORIGIN_HINT)
      }
    }
    done()
  })

  scope.addHook('onSend', ({ raw, log }, { statusCode }, payload, done) => {
    if (!isHookHinted && !explained.has(raw) && isRefusal(statusCode) && isHandshake(raw) && hasNamespaces()) {
      isHookHinted = true
      log.warn({ statusCode, transport: queryOf(raw).get('transport') }, HOOK_HINT)
    }
    done(null, payload)
  })
}

const ORIGIN_HINT =
  'handshake refused, for its origin: if the page is yours, list its origin in io.cors.origin; if this server serves the page, ' +
  'a proxy changes the Host header: let the proxy pass it on, or set trustProxy (docs/troubleshooting.md)'

const HOOK_HINT =
  'handshake refused by a hook of the application: this was not the connect to a namespace, but the request before it. ' +
  'Its client sees only "websocket error" or "xhr poll error". A browser sends no token with it: a hook that verifies ' +
  "tokens belongs in the definition, as its onRequest, where the client's auth.token is the Authorization header " +
  '(docs/troubleshooting.md)'

/** A redirect counts as a refusal. A rate limit (429) or an overloaded server (503) is not a mistake of the application. */
function isRefusal(statusCode: number): boolean {
  return statusCode >= 300 && statusCode !== 429 && statusCode !== 503
}

/** The scope also serves the client's bundle, and polls that did not come through server-listeners.ts. */
function isHandshake(raw: IncomingMessage): boolean {
  const query = queryOf(raw)
  return query.has('EIO') && !query.has('sid') && raw.method !== 'OPTIONS'
}
