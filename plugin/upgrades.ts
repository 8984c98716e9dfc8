import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { Dismissals } from './dismissals.js'
import type { ReadUrl } from './fastify-internals.js'
import { admitOrigin, type OriginPolicy } from './origin.js'
import { UpgradeRequest } from './raw.js'
import type { Sessions } from './sessions.js'
import { pathOf, sessionIdOf } from './target.js'
import { createUpgrade, refuseUpgrade } from './upgrade.js'
import { asksForWebSocket, isWanted, returnAsRequest } from './upgrade-offer.js'

/*
 * Every upgrade of a server: the engine's, whose handshakes come back to Fastify through `allowRequest`; those of others
 * who listen, whenever they have begun to; and offers that nobody takes, which go back as requests.
 * The event is shared, so that @fastify/websocket can live beside us, whoever was registered first.
 */

type UpgradeListener = (raw: IncomingMessage, connection: Duplex, head: Buffer) => void

export interface UpgradesOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  readonly readUrl: ReadUrl
  readonly checkOrigin: OriginPolicy
  readonly isFast: boolean
  readonly dismissals: Pick<Dismissals, 'mark'>
  readonly engine: Server['engine']
  readonly sessions: Pick<Sessions, 'find' | 'keep'>
}

/** Takes the upgrades of an instance's server, once every plugin has added its listeners (onReady). */
export function takeUpgrades(instance: FastifyInstance, options: UpgradesOptions): void {
  const { path, readUrl, checkOrigin, isFast, dismissals, engine, sessions } = options
  const { server } = instance
  const upgrade = isFast ? createUpgrade(engine, instance.log) : engine.handleUpgrade.bind(engine)
  const others = server.listeners('upgrade') as UpgradeListener[]

  const takeOurs = (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
    // Piped behind a request that is not answered yet: two responses can't share a connection.
    if ((connection as { _httpMessage?: unknown })._httpMessage) {
      connection.destroy()
      return
    }
    sessions.keep(connection)
    const kept = new UpgradeRequest(raw)
    dismissals.mark(kept)
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

  const take = (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
    // node has taken its own listener away, and a reset that nobody listens for ends the process.
    connection.on('error', ignoreError)
    const isOurs = pathOf(readUrl(raw)) === path
    if (isOurs && asksForWebSocket(raw)) {
      takeOurs(raw, connection, head)
      return
    }
    // Who has come after us hears of it from the server itself.
    const isOthers = others.length > 0 || server.listenerCount('upgrade') > 1
    if (isOthers && !isOurs && isWanted(raw)) {
      for (const listener of others) listener.call(server, raw, connection, head)
      return
    }
    returnAsRequest(server, raw, connection, head)
  }

  server.removeAllListeners('upgrade')
  server.on('upgrade', take)
}

function ignoreError(): void {}
