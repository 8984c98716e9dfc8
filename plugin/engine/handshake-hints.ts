import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { queryOf } from './http/request-url.js'
import { shortenOrigin } from './origin-policy.js'

/*
 * What the log says of handshakes that were refused: a browser hides from its page why, so somebody has to say where to
 * look. Each once, or a few times: clients come back.
 */

const MOST_ORIGINS = 10

/**
 * Advises on what refuses the handshakes of a scope.
 * in: the scope with the engine's routes and nothing else; whether any namespace is declared, asked when it is needed.
 */
export function logHandshakeHints(scope: FastifyInstance, hasNamespaces: () => boolean): void {
  // Those that have come as far as the engine, or that we have refused ourselves.
  const explained = new WeakSet<IncomingMessage>()
  const origins = new Set<string>()
  let isSaid = false

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
        log.warn({ origin: shown, host, code }, ORIGIN_ADVICE)
      }
    }
    done()
  })

  scope.addHook('onSend', ({ raw, log }, { statusCode }, payload, done) => {
    if (!isSaid && !explained.has(raw) && isRefusal(statusCode) && isHandshake(raw) && hasNamespaces()) {
      isSaid = true
      log.warn({ statusCode, transport: queryOf(raw).get('transport') }, HOOK_ADVICE)
    }
    done(null, payload)
  })
}

const ORIGIN_ADVICE =
  'handshake refused, for its origin: if the page is yours, list its origin in io.cors.origin; if this server has served it, ' +
  'a proxy changes the Host header: have it pass that on, or set trustProxy (docs/troubleshooting.md)'

const HOOK_ADVICE =
  'handshake refused by a hook of the application: this was not the connect to a namespace, but the request before it, ' +
  'and its client reads only "websocket error" or "xhr poll error". A browser sends no token there: a hook that verifies ' +
  "tokens belongs in the definition, as its onRequest, where the client's auth.token is the Authorization header " +
  '(docs/troubleshooting.md)'

/** A redirect is one, too; a rate, or a server that has too much to do, is no mistake. */
function isRefusal(statusCode: number): boolean {
  return statusCode >= 300 && statusCode !== 429 && statusCode !== 503
}

/** The scope has the client's bundle, too, and a poll that came past intake.ts. */
function isHandshake(raw: IncomingMessage): boolean {
  const query = queryOf(raw)
  return query.has('EIO') && !query.has('sid') && raw.method !== 'OPTIONS'
}
