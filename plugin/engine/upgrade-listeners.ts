import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { DismissedUsers } from './dismissed-users.js'
import type { EngineSessions } from './engine-sessions.js'
import { UpgradeRequest } from './http/detached-request.js'
import type { ReadUrl } from './http/fastify-internals.js'
import { pathOf, sessionIdOf } from './http/request-url.js'
import { admitOrigin, type OriginPolicy } from './origin-policy.js'
import { asksForWebSocket, isWanted, returnAsRequest } from './upgrade-offer.js'
import { createUpgrade, refuseUpgrade } from './upgrade-response.js'

/*
 * Every upgrade of a server: the engine's, whose handshakes come back to Fastify through `allowRequest`; those of others
 * who listen, whenever they have begun to; and offers that nobody takes, which go back as requests.
 * The event is shared, so that @fastify/websocket can live beside us, whoever was registered first.
 */

type UpgradeListener = (raw: IncomingMessage, connection: Duplex, head: Buffer) => void

export interface UpgradeListenersOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  readonly readUrl: ReadUrl
  readonly checkOrigin: OriginPolicy
  readonly isFast: boolean
  readonly dismissed: Pick<DismissedUsers, 'mark'>
  readonly engine: Server['engine']
  readonly sessions: Pick<EngineSessions, 'find' | 'keep'>
}

/** Takes the upgrades of an instance's server, once every plugin has added its listeners (onReady). */
export function listenForUpgrades(instance: FastifyInstance, options: UpgradeListenersOptions): void {
  const { path, readUrl, checkOrigin, isFast, dismissed, engine, sessions } = options
  const { server } = instance
  const upgrade = isFast ? createUpgrade(engine, instance.log) : engine.handleUpgrade.bind(engine)

  const takeOurs = (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
    // Piped behind a request that is not answered yet: two responses can't share a connection.
    if ((connection as { _httpMessage?: unknown })._httpMessage) {
      connection.destroy()
      return
    }
    sessions.keep(connection)
    const kept = new UpgradeRequest(raw)
    dismissed.mark(kept)
    const session = sessions.find(sessionIdOf(kept))
    if (!session) {
      upgrade(kept, connection, head)
      return
    }
    void admitOrigin(kept, session.request, checkOrigin, (refusal) => {
      if (refusal) refuseUpgrade(kept, refusal)
      else upgrade(kept, connection, head)
    })
  }

  ordersOf(server).push((raw, connection, head) => {
    const isOurs = pathOf(readUrl(raw)) === path && asksForWebSocket(raw)
    if (isOurs) takeOurs(raw, connection, head)
    return isOurs
  })
}

/** Takes an upgrade, or not. */
type Take = (...args: Parameters<UpgradeListener>) => boolean

const known = new WeakMap<HttpServer, Take[]>()

/** Those who are asked first about each upgrade of a server: the engines behind it. */
function ordersOf(server: HttpServer): Take[] {
  const before = known.get(server)
  if (before) return before
  const takes: Take[] = []
  known.set(server, takes)
  // What is an engine's, or nobody's: the application's own listeners do not hear of it.
  const taken = new WeakSet<IncomingMessage>()
  const first: UpgradeListener = (raw, connection, head) => {
    // node has taken its own listener away, and a reset that nobody listens for ends the process.
    connection.on('error', ignoreError)
    if (!takes.some((take) => take(raw, connection, head))) {
      const isOthers = isWanted(raw) && server.listenerCount('upgrade') > 1
      if (isOthers) return
      returnAsRequest(server, raw, connection, head)
    }
    taken.add(raw)
  }
  putFirst(server, first, (raw) => !taken.has(raw))
  return takes
}

/**
 * Puts a listener before all that are there, which hear only of what `isTheirs` after it. They are listed and taken away as
 * the application has given them. Who comes later hears of everything, as on any server.
 */
function putFirst(server: HttpServer, first: UpgradeListener, isTheirs: (raw: IncomingMessage) => boolean): void {
  const guard = (listener: Listed) => {
    const { listener: given = listener } = listener
    const isOnce = given !== listener
    // node's own mark for a wrapped listener: off() and listeners() look through it
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

/** A listener, and what the application has given, where node or we have wrapped it. */
type Listed = UpgradeListener & { readonly listener?: UpgradeListener }

function ignoreError(): void {}
