import type { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { Namespace } from 'socket.io'
import type { Target } from './server.js'

/*
 * What a server holds, as far as it can be seen from outside: what its connections account for, and no more.
 */

/** By what it is of: sizes, and names where there are some. */
type Holdings = Readonly<Record<string, unknown>>

/** What a server holds. Of two idle servers with as many connections it is the same. */
export function takeHoldings({ app, audit }: Target): Holdings {
  const { io, server } = app
  return {
    connections: io.engine.clientsCount,
    namespaces: [...io._nsps.values()].map(holdingsOf),
    listeners: [io, io.engine, io.httpServer, server].map((emitter) => listenersOf(emitter as unknown as EventEmitter)),
    application: audit(),
  }
}

function holdingsOf(namespace: Namespace): Holdings {
  const { name, sockets, adapter } = namespace
  const { _preConnectSockets: coming } = namespace as unknown as { _preConnectSockets: Map<string, unknown> }
  const roomsOf = [...sockets.values()].map((socket) => socket.rooms.size)
  return {
    name,
    sockets: sockets.size,
    coming: coming.size,
    sids: adapter.sids.size,
    rooms: adapter.rooms.size,
    roomsOf,
    listeners: listenersOf(namespace as unknown as EventEmitter),
  }
}

function listenersOf(emitter: EventEmitter): Holdings {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

/** Until a server holds what it did; after `patienceMs` it throws, and says what is left. */
export async function settled(target: Target, before: Holdings, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const now = takeHoldings(target)
    if (isDeepStrictEqual(now, before)) return
    if (performance.now() > deadline) {
      const left = Object.keys(now).filter((name) => !isDeepStrictEqual(now[name], before[name]))
      const told = left.map((name) => `${name}: ${JSON.stringify(before[name])} and now ${JSON.stringify(now[name])}`)
      throw new Error(`It holds more than its connections account for. ${told.join('; ')}`)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
