import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { DismissedUsers } from './dismissed-users.js'
import { createEngineSessions } from './engine-sessions.js'
import { createReadUrl, secondaryServersOf } from './http/fastify-internals.js'
import { writePollHeaders } from './http/poll-headers.js'
import { pathOf, queryOf, sessionIdOf } from './http/request-url.js'
import { admitOrigin, type OriginPolicy } from './origin-policy.js'
import { listenForUpgrades } from './upgrade-listeners.js'
import { restoreOffer } from './upgrade-offer.js'

/*
 * What the http servers hand to the engine past Fastify: the polls of a session that a handshake has admitted already,
 * and upgrades (upgrades.ts). All else goes where it went before.
 */

// the engine's own words
const BAD_REQUEST = '{"code":3,"message":"Bad request"}'

type RequestListener = (raw: IncomingMessage, response: ServerResponse) => void

export interface ServerListeners {
  /** Ends what is left of the engine's traffic, after so many milliseconds at most. Call it after `io.close()`. */
  close(timeoutMs: number): Promise<void>
}

export interface ServerListenersOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** Asked for what follows a handshake, too. */
  readonly checkOrigin: OriginPolicy
  /** Whether the engine may be taken by its private parts, where they are known. */
  readonly isFast: boolean
  /** A handshake is decided on from here. */
  readonly dismissed: Pick<DismissedUsers, 'count' | 'mark'>
}

/**
 * Takes the engine's traffic from the instance's servers, once every plugin has added its listeners to them (onReady).
 * in: a context, and its Socket.IO server.
 */
export function createServerListeners(
  instance: FastifyInstance,
  io: Server,
  options: ServerListenersOptions,
): ServerListeners {
  const { path, checkOrigin, dismissed } = options
  const sessions = createEngineSessions(io)
  const readUrl = createReadUrl(instance)
  const isOurs = (raw: IncomingMessage) => pathOf(readUrl(raw)) === path
  const handleRequest = io.engine.handleRequest.bind(io.engine)

  io.engine.handleRequest = (raw: IncomingMessage, response: ServerResponse) => {
    const session = sessions.find(sessionIdOf(raw))
    // A plain request that names the session of a WebSocket, and its transport: the engine would never answer it, and
    // the http server would wait for that answer when it closes.
    if (session && session.transport.name !== 'polling') {
      response.writeHead(400, { 'content-type': 'application/json' }).end(BAD_REQUEST)
      return
    }
    if (session && raw.method !== 'GET' && raw.method !== 'POST') hideSession(raw)
    handleRequest(raw, response)
  }

  const takeRequests = (server: HttpServer) => {
    const others = server.listeners('request') as RequestListener[]
    server.removeAllListeners('request')
    server.on('request', (raw: IncomingMessage, response: ServerResponse) => {
      restoreOffer(raw, response)
      const canBePoll = io.engine.clientsCount > 0 && isOurs(raw)
      const session = canBePoll ? sessions.find(sessionIdOf(raw)) : undefined
      if (session) {
        sessions.expect(session)
        if (session.request) writePollHeaders(session.request, raw, response)
        void admitOrigin(raw, session.request, checkOrigin, (refusal) => {
          if (refusal) response.writeHead(refusal.statusCode, refusal.endToEndHeaders).end(refusal.body)
          else io.engine.handleRequest(raw, response)
        })
        return
      }
      if (dismissed.count > 0 && isOurs(raw)) dismissed.mark(raw)
      for (const listener of others) listener.call(server, raw, response)
    })
  }

  instance.addHook('onReady', async () => {
    takeRequests(instance.server)
    listenForUpgrades(instance, { ...options, readUrl, engine: io.engine, sessions })
  })
  instance.addHook('onListen', async () => {
    // They pass their upgrades on to the main server.
    for (const server of secondaryServersOf(instance)) takeRequests(server)
  })

  return { close: sessions.close }
}

/**
 * Takes the session out of a request, as the engine reads it. To a method that a session does not know the engine would
 * say 500; without one it says 400, and with CORS it has answered a preflight before.
 */
function hideSession(raw: IncomingMessage): void {
  const { sid, ...query } = Object.fromEntries(queryOf(raw))
  Object.assign(raw, { _query: query })
}
