import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { Dismissals } from './dismissals.js'
import { writePollHeaders } from './poll-headers.js'
import { UpgradeRequest } from './raw.js'
import { createSessionId } from './session-id.js'
import { createSessions } from './sessions.js'
import { pathOf, queryOf, sessionIdOf } from './target.js'
import { createUpgrade, routeUpgrade } from './upgrade.js'

/*
 * What the http servers hand to the engine past Fastify: the polls of a session that a handshake has admitted already,
 * and upgrades, whose handshakes come back to Fastify through `allowRequest`. All else goes where it went before.
 * The upgrade event is shared, so that @fastify/websocket can live beside us, whoever was registered first.
 */

// the engine's own words
const BAD_REQUEST = '{"code":3,"message":"Bad request"}'

type UpgradeListener = (raw: IncomingMessage, connection: Duplex, head: Buffer) => void
type RequestListener = (raw: IncomingMessage, response: ServerResponse) => void

export interface Intake {
  /** Ends what is left of the engine's traffic, after so many milliseconds at most. Call it after `io.close()`. */
  close(timeoutMs: number): Promise<void>
}

export interface IntakeOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** Whether the engine may be taken by its private parts, where they are known. */
  readonly isFast: boolean
  /** A handshake is decided on from here. */
  readonly dismissals: Pick<Dismissals, 'count' | 'mark'>
}

/**
 * Takes the engine's traffic from the instance's servers, once every plugin has added its listeners to them (onReady).
 * in: a context, and its Socket.IO server.
 */
export function createIntake(instance: FastifyInstance, io: Server, options: IntakeOptions): Intake {
  const { path, isFast, dismissals } = options
  const sessions = createSessions(io)
  const upgrade = isFast ? createUpgrade(io.engine, instance.log) : io.engine.handleUpgrade.bind(io.engine)
  const handleRequest = io.engine.handleRequest.bind(io.engine)
  // The application may have another later.
  if (isFast) io.engine.generateId = createSessionId

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
      const canBePoll = io.engine.clientsCount > 0 && pathOf(raw) === path
      const session = canBePoll ? sessions.find(sessionIdOf(raw)) : undefined
      if (session) {
        sessions.expect(session)
        writePollHeaders(session.request, raw, response)
        io.engine.handleRequest(raw, response)
        return
      }
      if (dismissals.count > 0 && pathOf(raw) === path) dismissals.mark(raw)
      for (const listener of others) listener.call(server, raw, response)
    })
  }

  const takeUpgrades = (server: HttpServer) => {
    const others = server.listeners('upgrade') as UpgradeListener[]
    server.removeAllListeners('upgrade')
    server.on('upgrade', (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
      // node has taken its own listener away, and a reset that nobody listens for ends the process.
      connection.on('error', ignoreError)
      // Piped behind a request that is not answered yet: two responses can't share a connection.
      if ((connection as { _httpMessage?: unknown })._httpMessage) {
        connection.destroy()
        return
      }
      if (pathOf(raw) !== path) {
        for (const listener of others) listener.call(server, raw, connection, head)
        // Without a listener node takes an upgrade for a plain request: so do we, for we are one.
        if (others.length === 0) routeUpgrade(instance.routing, raw)
        return
      }
      sessions.keep(connection)
      const kept = new UpgradeRequest(raw)
      dismissals.mark(kept)
      upgrade(kept, connection, head)
    })
  }

  instance.addHook('onReady', async () => {
    takeRequests(instance.server)
    takeUpgrades(instance.server)
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

/**
 * For `localhost` Fastify opens a second server for the second address, and has no public word for it. Should the
 * symbol go, polls on that address take the route like a handshake: hooks and all, but they work.
 */
function secondaryServersOf(instance: object | null): HttpServer[] {
  if (instance === null) return []
  const symbol = Object.getOwnPropertySymbols(instance).find((key) => key.description === 'fastify.serverBindings')
  // A context inherits from its parent, and the root has it.
  return symbol ? Reflect.get(instance, symbol) : secondaryServersOf(Object.getPrototypeOf(instance))
}

function ignoreError(): void {}
