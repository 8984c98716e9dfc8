import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import { settlesWithin } from './deadline.js'
import { routeUpgrade } from './shadow.js'

/*
 * What the http servers hand to the engine past Fastify: the polls of a session that a handshake has admitted already,
 * and upgrades, whose handshakes come back to Fastify through `allowRequest`. All else goes where it went before.
 * The upgrade event is shared, so that @fastify/websocket can live beside us, whoever was registered first.
 */

// the engine's own words
const BAD_REQUEST = '{"code":3,"message":"Bad request"}'

type UpgradeListener = (raw: IncomingMessage, connection: Duplex, head: Buffer) => void
type RequestListener = (raw: IncomingMessage, response: ServerResponse) => void

/** What we need of the engine's transport. */
interface Transport {
  readonly name: string
  readonly writable: boolean
  /** Of a polling one that is to be closed at the next poll. */
  readonly shouldClose?: (() => void) | null
  once(event: 'ready', listener: () => void): void
}

/** What we need of the engine's socket. */
interface Session {
  readonly id: string
  readonly transport: Transport
  close(discard?: boolean): void
  once(event: 'close' | 'upgrade', listener: () => void): void
}

export interface Intake {
  /**
   * Waits until every session and every upgraded connection has ended, and destroys those that are left after the time
   * given. Call it after `io.close()`, which asks the clients to go.
   */
  close(timeoutMs: number): Promise<void>
}

/**
 * Takes the engine's traffic from the instance's servers, once every plugin has added its listeners to them (onReady).
 * in: a context, its Socket.IO server, and the engine's full path without a trailing slash.
 */
export function createIntake(instance: FastifyInstance, io: Server, path: string): Intake {
  const sessions = new Map<string, Session>()
  // Sessions of which no more than the handshake was seen: nobody waits for their goodbye.
  const abandoned = new Set<Session>()
  const connections = new Set<Duplex>()
  const discardSessions = io.engine.close.bind(io.engine)
  const handleRequest = io.engine.handleRequest.bind(io.engine)

  io.engine.on('connection', (session: Session) => {
    // The one it begins with: after an upgrade it has another, and this one may still wait.
    const { transport } = session
    sessions.set(session.id, session)
    if (transport.name === 'polling') abandoned.add(session)
    session.once('close', () => {
      sessions.delete(session.id)
      abandoned.delete(session)
      // No poll will reach a session that has ended: its transport would wait for one 30 s, and the process with it.
      transport.shouldClose?.()
    })
  })
  // The engine's own close() discards what a client has not read yet, and a client between two polls would meet an
  // error in place of a close. Without `discard` a session writes what it has, and then its goodbye.
  io.engine.close = () => {
    for (const session of sessions.values()) {
      if (abandoned.has(session)) session.close(true)
      else sayGoodbye(session)
    }
    return io.engine
  }

  // A plain request that names the session of a WebSocket, and its transport: the engine would never answer it, and the
  // http server would wait for that answer when it closes.
  io.engine.handleRequest = (raw: IncomingMessage, response: ServerResponse) => {
    const session = sessions.get(sessionIdOf(raw))
    if (!session || session.transport.name === 'polling') handleRequest(raw, response)
    else response.writeHead(400, { 'content-type': 'application/json' }).end(BAD_REQUEST)
  }

  const takeRequests = (server: HttpServer) => {
    const others = server.listeners('request') as RequestListener[]
    server.removeAllListeners('request')
    server.on('request', (raw: IncomingMessage, response: ServerResponse) => {
      const session = sessions.size > 0 && pathOf(raw) === path ? sessions.get(sessionIdOf(raw)) : undefined
      if (session) {
        abandoned.delete(session)
        io.engine.handleRequest(raw, response)
      } else for (const listener of others) listener.call(server, raw, response)
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
        if (others.length === 0) {
          const response = routeUpgrade(instance.routing, raw)
          // Fastify's router knows more spellings of the engine's path than the engine does, which will not come for it.
          response.once('finish', () => {
            if (response.socket === connection) return
            connection.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', () => connection.destroy())
          })
        }
        return
      }
      connections.add(connection)
      connection.once('close', () => connections.delete(connection))
      io.engine.handleUpgrade(raw, connection, head)
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

  return {
    async close(timeoutMs) {
      const ended = [...sessions.values(), ...connections].map(
        (each) => new Promise<void>((end) => each.once('close', end)),
      )
      if (await settlesWithin(timeoutMs, Promise.all(ended))) return
      discardSessions()
      // One that was waiting for a poll to close does not hear of it.
      for (const session of sessions.values()) session.transport.shouldClose?.()
      for (const connection of connections) connection.destroy()
    },
  }
}

/** Closes a session as soon as its client can hear it: at once, or at the next poll, or after an upgrade under way. */
function sayGoodbye(session: Session): void {
  if (session.transport.name !== 'polling' || session.transport.writable) {
    session.close()
    return
  }
  // close() between two polls would wait too, but with a timer of 30 s that nothing clears.
  session.transport.once('ready', () => sayGoodbye(session))
  session.once('upgrade', () => sayGoodbye(session))
}

/** The path that a request asks for, without its query and without one trailing slash. */
function pathOf(raw: IncomingMessage): string {
  const [path] = splitUrl(raw)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function sessionIdOf(raw: IncomingMessage): string {
  const [, query] = splitUrl(raw)
  // Of several the engine takes the last one, too.
  return new URLSearchParams(query).getAll('sid').at(-1) ?? ''
}

function splitUrl(raw: IncomingMessage): [path: string, query: string] {
  const url = raw.url as string // a server's request has one
  const end = url.indexOf('?')
  return end < 0 ? [url, ''] : [url.slice(0, end), url.slice(end)]
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
