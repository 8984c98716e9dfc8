import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Server } from 'socket.io'
import { settlesWithin } from '../shared/timeout.js'
import { type DiscardableConnection, discardConnection } from '../wire/discard-connection.js'
import { ReleasingMap } from './releasing-map.js'

/*
 * Follows the engine sessions, from the handshake to the close. When the server closes, each engine session first writes what it
 * has and closes when its client polls next: clients see a `transport close` and reconnect.
 */

/** The engine's transport, as far as it is used here. */
interface EngineSessionTransport {
  readonly name: string
  readonly writable: boolean
  /** Set on a polling transport that is to be closed at the next poll; closes it at once. */
  readonly shouldClose?: (() => void) | null
  once(event: 'ready', listener: () => void): void
}

/** The engine's socket, as far as it is used here. */
export interface EngineSession extends DiscardableConnection {
  readonly id: string
  readonly protocol: number
  /** The request of the handshake; null with WebTransport. */
  readonly request: IncomingMessage | null
  readonly transport: EngineSessionTransport
  close(discard?: boolean): void
  on(event: 'close', listener: () => void): void
  once(event: 'close' | 'upgrade', listener: () => void): void
}

export interface EngineSessions {
  /** The open engine session of that id. */
  find(id: string): EngineSession | undefined
  /** The open engine sessions. */
  all(): EngineSession[]
  /** Closes an engine session when its client can read it. */
  end(session: EngineSession): void
  /** Notes that a client has sent a request after its handshake: it reads the close. */
  expect(session: EngineSession): void
  /** Lets `close()` also wait for an upgraded connection: it may end after its engine session, or have none. */
  keep(connection: Duplex): void
  /**
   * Waits until every engine session and every upgraded connection has ended, and destroys those that are left after
   * `timeoutMs`. Call it after `io.close()`, which starts to close them.
   */
  close(timeoutMs: number): Promise<void>
}

const NUMBER = Symbol('number')

/** A raw connection with the number under which it is kept. */
type KeptConnection = Duplex & { [NUMBER]?: number }

/** Follows every engine session of a server and replaces `engine.close()`. Call it before the first handshake. */
export function createEngineSessions({ engine }: Server): EngineSessions {
  // engine.io keeps its sockets by their ids.
  const { clients: open } = engine as unknown as { readonly clients: Readonly<Record<string, EngineSession>> }
  // Only the handshake of these was seen: no client reads their close.
  const abandoned = new WeakSet<EngineSession>()
  // A Set would keep those that have ended until a full garbage collection.
  const connections = new ReleasingMap<number, Duplex>()
  let count = 0
  const discardAll = engine.close.bind(engine)

  // All connections share this listener; `this` is the connection.
  function drop(this: KeptConnection): void {
    connections.delete(this[NUMBER] as number)
  }

  engine.on('connection', (session: EngineSession) => {
    // The first transport. After an upgrade the socket has another, while a poll of this one may still wait.
    const { transport } = session
    if (transport.name !== 'polling') return
    abandoned.add(session)
    session.on('close', () => {
      // No poll reaches an engine session that has ended: its transport, and the process, would wait 30 s for one.
      transport.shouldClose?.()
    })
  })
  // engine.close() of engine.io discards what a client has not read, and a client between two polls would get an error
  // instead of a close. Without `discard` an engine session writes what it has, then its close.
  engine.close = () => {
    for (const session of Object.values(open)) end(session)
    return engine
  }

  function end(session: EngineSession): void {
    if (abandoned.has(session)) discardConnection(session)
    else closeAtNextPoll(session)
  }

  return {
    find: (id) => (Object.hasOwn(open, id) ? open[id] : undefined),
    all: () => Object.values(open),
    end,
    expect: (session) => void abandoned.delete(session),
    keep(connection: KeptConnection) {
      connection[NUMBER] = count++
      connections.set(connection[NUMBER], connection)
      connection.on('close', drop)
    },
    async close(timeoutMs) {
      const ended = [...Object.values(open), ...connections.values()].map(
        (each) => new Promise<void>((end) => each.once('close', end)),
      )
      if (await settlesWithin(timeoutMs, Promise.all(ended))) return
      discardAll()
      for (const session of Object.values(open)) discardConnection(session)
      for (const connection of connections.values()) connection.destroy()
    },
  }
}

/** Closes an engine session as soon as its client can read it: at once, at the next poll, or after a pending upgrade. */
function closeAtNextPoll(session: EngineSession): void {
  if (session.transport.name !== 'polling' || session.transport.writable) {
    session.close()
    return
  }
  // close() between two polls would wait, too, but with a timer of 30 s that nothing clears.
  session.transport.once('ready', () => closeAtNextPoll(session))
  session.once('upgrade', () => closeAtNextPoll(session))
}
