import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Server } from 'socket.io'
import { settlesWithin } from '../shared/timeout.js'

/*
 * The sessions of the engine, from their handshake to their goodbye. When the server closes, each writes what it has
 * and closes as soon as its client can hear it; so clients see a `transport close`, and come back by themselves.
 */

/** What we need of the engine's transport. */
interface EngineSessionTransport {
  readonly name: string
  readonly writable: boolean
  /** Of a polling one that is to be closed at the next poll. */
  readonly shouldClose?: (() => void) | null
  once(event: 'ready', listener: () => void): void
}

/** What we need of the engine's socket. */
interface EngineSession {
  readonly id: string
  /** That of its handshake; a session of WebTransport has none. */
  readonly request: IncomingMessage | null
  readonly transport: EngineSessionTransport
  close(discard?: boolean): void
  on(event: 'close', listener: () => void): void
  once(event: 'close' | 'upgrade', listener: () => void): void
}

export interface EngineSessions {
  /** The one of that id that has not ended. */
  find(id: string): EngineSession | undefined
  /** Says that a client has come back after its handshake: somebody waits for the goodbye. */
  expect(session: EngineSession): void
  /** Makes `close()` care for an upgraded connection: it may end after its session, or have none. */
  keep(connection: Duplex): void
  /**
   * Waits until every session and every upgraded connection has ended, and destroys those that are left after the time
   * given, in milliseconds. Call it after `io.close()`, which asks the clients to go.
   */
  close(timeoutMs: number): Promise<void>
}

/** Follows every session of a server's engine, and replaces the engine's own `close()`. Call it before any handshake. */
export function createEngineSessions({ engine }: Server): EngineSessions {
  // The engine's own, by their ids.
  const { clients: open } = engine as unknown as { readonly clients: Readonly<Record<string, EngineSession>> }
  // Sessions of which no more than the handshake was seen: nobody waits for their goodbye.
  const abandoned = new WeakSet<EngineSession>()
  const connections = new Set<Duplex>()
  const discardAll = engine.close.bind(engine)

  // One for all: `this` is whose it is.
  function drop(this: Duplex): void {
    connections.delete(this)
  }

  engine.on('connection', (session: EngineSession) => {
    // The one it begins with: after an upgrade it has another, and this one may still wait.
    const { transport } = session
    if (transport.name !== 'polling') return
    abandoned.add(session)
    session.on('close', () => {
      // No poll will reach a session that has ended: its transport would wait for one 30 s, and the process with it.
      transport.shouldClose?.()
    })
  })
  // The engine's own close() discards what a client has not read yet, and a client between two polls would meet an
  // error in place of a close. Without `discard` a session writes what it has, and then its goodbye.
  engine.close = () => {
    for (const session of Object.values(open)) {
      if (abandoned.has(session)) session.close(true)
      else sayGoodbye(session)
    }
    return engine
  }

  return {
    find: (id) => (Object.hasOwn(open, id) ? open[id] : undefined),
    expect: (session) => void abandoned.delete(session),
    keep(connection) {
      connections.add(connection)
      connection.on('close', drop)
    },
    async close(timeoutMs) {
      const ended = [...Object.values(open), ...connections].map(
        (each) => new Promise<void>((end) => each.once('close', end)),
      )
      if (await settlesWithin(timeoutMs, Promise.all(ended))) return
      discardAll()
      // One that was waiting for a poll to close does not hear of it.
      for (const session of Object.values(open)) session.transport.shouldClose?.()
      for (const connection of connections) connection.destroy()
    },
  }
}

/** Closes a session as soon as its client can hear it: at once, or at the next poll, or after an upgrade under way. */
function sayGoodbye(session: EngineSession): void {
  if (session.transport.name !== 'polling' || session.transport.writable) {
    session.close()
    return
  }
  // close() between two polls would wait too, but with a timer of 30 s that nothing clears.
  session.transport.once('ready', () => sayGoodbye(session))
  session.once('upgrade', () => sayGoodbye(session))
}
