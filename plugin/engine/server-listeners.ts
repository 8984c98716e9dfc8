import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { DrainOptions } from '../definition/adapters/drain-options.js'
import { drainConnections } from './connection-drain.js'
import type { DismissedUsers } from './dismissed-users.js'
import { createEngineSessions } from './engine-sessions.js'
import { createReadUrl, secondaryServersOf } from './http/fastify-internals.js'
import { writePollHeaders } from './http/poll-headers.js'
import { pathOf, protocolOf, queryOf, sessionIdOf } from './http/request-url.js'
import { admitOrigin, type OriginPolicy } from './origin-policy.js'
import { listenForUpgrades } from './upgrade-listeners.js'
import { restoreOffer } from './upgrade-offer.js'

/*
 * The `request` listeners of the http servers: polls of an open engine session go to the engine without Fastify, because its
 * handshake ran the hooks. All other requests go to the listeners that were there before. Upgrades: upgrade-listeners.ts.
 */

// as engine.io answers
const BAD_REQUEST = '{"code":3,"message":"Bad request"}'

type RequestListener = (raw: IncomingMessage, response: ServerResponse) => void

export interface ServerListeners {
  /** Ends the remaining engine sessions, after `timeoutMs` at most. Call it after `io.close()`. */
  close(timeoutMs: number): Promise<void>
  /** Ends the open engine sessions, batch by batch. */
  drain(options: DrainOptions, announce: (connection: object) => void): Promise<void>
}

export interface ServerListenersOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** Also called for the requests after a handshake. */
  readonly checkOrigin: OriginPolicy
  /** The decision on a handshake begins here. */
  readonly dismissed: Pick<DismissedUsers, 'count' | 'mark'>
  /** Whether to keep less than node's request of each upgrade. */
  readonly isDetached: boolean
}

/**
 * Replaces the `request` and `upgrade` listeners of the instance's servers in onReady, when every plugin has added its own.
 *
 * @param io - the Socket.IO server of the instance
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
    // A plain request for the engine session of a WebSocket, with that transport: the engine would never answer it, and
    // the closing http server would wait for the answer. A request of another protocol: engine.io 6.6.0 would accept it.
    if (session && (session.transport.name !== 'polling' || session.protocol !== protocolOf(raw))) {
      response.writeHead(400, { 'content-type': 'application/json' }).end(BAD_REQUEST)
      return
    }
    if (session && raw.method !== 'GET' && raw.method !== 'POST') hideSession(raw)
    handleRequest(raw, response)
    // engine.io 6.6.0 closes the engine session for a POST of bytes, and leaves the POST without a response.
    if (session?.readyState === 'closed' && raw.method === 'POST' && !response.headersSent)
      response.writeHead(400).end()
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
    // These servers pass their upgrades on to the main server.
    for (const server of secondaryServersOf(instance)) takeRequests(server)
  })

  return { close: sessions.close, drain: (how, announce) => drainConnections(sessions, how, announce) }
}

/**
 * Removes the session id from the query that the engine reads. With it the engine would answer 500 to a method that a session
 * does not support; without it the engine answers 400, and its CORS handling answers a preflight before that.
 */
function hideSession(raw: IncomingMessage): void {
  const { sid, ...query } = Object.fromEntries(queryOf(raw))
  Object.assign(raw, { _query: query })
}
