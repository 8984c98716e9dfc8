import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { NodeRequests } from './node-requests.js'

/*
 * Without sticky routing a client that polls reaches another node with each request, and each is answered with 400. It is logged
 * once, when another node has the engine session that this one does not know.
 */

/** The code of engine.io for an engine session that it does not know. */
const UNKNOWN_SID = 1
const SESSION = 'session'
// A client that comes back after a restart has an unknown engine session, too.
const ASK_EVERY_MS = 10_000
const ASK_TIMEOUT_MS = 2_000

interface ConnectionFailure {
  readonly code: number
  readonly context: { readonly sid?: string }
}

export function hintAtStickiness(
  { engine }: Server,
  { ask, answer }: Pick<NodeRequests, 'ask' | 'answer'>,
  log: FastifyBaseLogger,
): void {
  const { clients } = engine as unknown as { readonly clients: object }
  let askedAt = Number.NEGATIVE_INFINITY

  answer(SESSION, (sid) => Object.hasOwn(clients, String(sid)))

  engine.on('connection_error', ({ code, context }: ConnectionFailure) => {
    if (code !== UNKNOWN_SID || performance.now() - askedAt < ASK_EVERY_MS) return
    askedAt = performance.now()
    void ask(SESSION, context.sid, ASK_TIMEOUT_MS, (isThere) => {
      if (isThere !== true) return false
      askedAt = Number.POSITIVE_INFINITY
      log.warn(STICKY_HINT)
      return true
    })
  })
}

const STICKY_HINT =
  'a client polls more than one node, and is answered with 400: its requests must all reach the same node. Use sticky routing, ' +
  "e.g. `ip_hash` of nginx or a cookie of HAProxy, or let clients use transports: ['websocket'] (docs/scaling.md)"
