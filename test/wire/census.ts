import type { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { Namespace } from 'socket.io'
import type { Target } from './server.js'

/*
 * Compares what a server holds (connections, namespaces, sockets, rooms, listeners) before and after some clients.
 */

/** Counts and names, by kind. */
type Holdings = Readonly<Record<string, unknown>>

/** Counts what a server holds. Two idle servers with as many connections hold the same. */
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

/** Waits until a server holds what it held before; after `patienceMs` it throws, and names the differences. */
export async function settled(target: Target, before: Holdings, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const now = takeHoldings(target)
    if (isDeepStrictEqual(now, before)) return
    if (performance.now() > deadline) {
      const left = Object.keys(now).filter((name) => !isDeepStrictEqual(now[name], before[name]))
      const differences = left.map(
        (name) => `${name}: ${JSON.stringify(before[name])} and now ${JSON.stringify(now[name])}`,
      )
      throw new Error(`The server holds more than its connections account for. ${differences.join('; ')}`)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
