import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { DismissedUsers } from './dismissed-users.js'
import type { EngineSessions } from './engine-sessions.js'
import { reserveRequest } from './http/connect-request.js'
import { UpgradeRequest } from './http/detached-request.js'
import type { ReadUrl } from './http/fastify-internals.js'
import { pathOf, protocolOf, sessionIdOf } from './http/request-url.js'
import { admitOrigin, type OriginPolicy } from './origin-policy.js'
import { asksForWebSocket, mayBeTaken, returnAsRequest } from './upgrade-offer.js'
import { refuseUpgrade } from './upgrade-response.js'

/*
 * The `upgrade` listeners of the http server: upgrades of the engine's path go to the engine, other ones to the application's
 * listeners (e.g. @fastify/websocket, registered before or after this plugin), and those without a listener go back to the
 * server as plain requests.
 */

// as engine.io answers
const OTHER_PROTOCOL = { statusCode: 400, endToEndHeaders: {}, body: 'Bad request' }

type UpgradeListener = (raw: IncomingMessage, connection: Duplex, head: Buffer) => void

export interface UpgradeListenersOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  readonly readUrl: ReadUrl
  readonly checkOrigin: OriginPolicy
  readonly dismissed: Pick<DismissedUsers, 'mark'>
  readonly engine: Server['engine']
  /** Whether to keep less than node's request of each upgrade. */
  readonly isDetached: boolean
  readonly sessions: Pick<EngineSessions, 'find' | 'keep'>
}

/** Puts a listener before the `upgrade` listeners of an instance's server. Call it in onReady, when every plugin has added its own. */
export function listenForUpgrades(instance: FastifyInstance, options: UpgradeListenersOptions): void {
  const { path, readUrl, checkOrigin, dismissed, engine, isDetached, sessions } = options
  const { server } = instance
  const upgrade = engine.handleUpgrade.bind(engine)

  const takeOurs = (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
    // Pipelined behind a request that is not answered yet: two responses can't share a connection.
    if ((connection as { _httpMessage?: unknown })._httpMessage) {
      connection.destroy()
      return
    }
    sessions.keep(connection)
    const kept = isDetached ? new UpgradeRequest(raw) : reserveRequest(raw)
    dismissed.mark(kept)
    const session = sessions.find(sessionIdOf(kept))
    if (!session) {
      upgrade(kept, connection, head)
      return
    }
    void admitOrigin(kept, session.request, checkOrigin, (refusal) => {
      if (refusal) refuseUpgrade(kept, refusal)
      // engine.io 6.6.0 would accept it.
      else if (session.protocol !== protocolOf(kept)) refuseUpgrade(kept, OTHER_PROTOCOL)
      else upgrade(kept, connection, head)
    })
  }

  takersOf(server).push((raw, connection, head) => {
    const isOurs = pathOf(readUrl(raw)) === path && asksForWebSocket(raw)
    if (isOurs) takeOurs(raw, connection, head)
    return isOurs
  })
}

/** Takes an upgrade and returns true, or returns false. */
type Take = (...args: Parameters<UpgradeListener>) => boolean

const known = new WeakMap<HttpServer, Take[]>()

/** The engines of a server: they are called before any other listener of its upgrades. */
function takersOf(server: HttpServer): Take[] {
  const before = known.get(server)
  if (before) return before
  const takes: Take[] = []
  known.set(server, takes)
  // Upgrades that an engine has taken, or that went back as requests. The application's listeners are not called for them.
  const taken = new WeakSet<IncomingMessage>()
  const first: UpgradeListener = (raw, connection, head) => {
    // node has removed its own 'error' listener, and an error without a listener ends the process.
    connection.on('error', ignoreError)
    if (!takes.some((take) => take(raw, connection, head))) {
      const hasListener = mayBeTaken(raw) && server.listenerCount('upgrade') > 1
      if (hasListener) return
      returnAsRequest(server, raw, connection, head)
    }
    taken.add(raw)
  }
  putFirst(server, first, (raw) => !taken.has(raw))
  return takes
}

/**
 * Puts a listener before the present ones, which are then called only if `isTheirs`. `listeners()` and `off()` still work with
 * the functions that the application has added. A listener that is added later is called for every upgrade.
 */
function putFirst(server: HttpServer, first: UpgradeListener, isTheirs: (raw: IncomingMessage) => boolean): void {
  const guard = (listener: Listed) => {
    const { listener: given = listener } = listener
    const isOnce = given !== listener
    // node marks a wrapped listener in this way: off() and listeners() use `listener`.
    const guarding: Listed = Object.assign(
      (...args: Parameters<UpgradeListener>) => {
        if (!isTheirs(args[0])) return
        if (isOnce) server.off('upgrade', guarding)
        Reflect.apply(given, server, args)
      },
      { listener: given },
    )
    return guarding
  }
  const others = server.rawListeners('upgrade') as Listed[]
  server.removeAllListeners('upgrade')
  server.on('upgrade', first)
  for (const other of others) server.on('upgrade', guard(other))
}

/** A listener; if node or this file has wrapped it, with the application's function as `listener`. */
type Listed = UpgradeListener & { readonly listener?: UpgradeListener }

function ignoreError(): void {}
