import { defineNamespace } from 'fastify-namespaces'
import type { Server } from 'socket.io'
import { Type } from 'typebox'

const Presence = Type.Object({
  connections: Type.Integer({ description: 'connections of the server; the namespaces of a client share one' }),
  sockets: Type.Record(Type.String(), Type.Integer(), { description: 'namespace -> number of joined sockets' }),
  startedAt: Type.String({ format: 'date-time' }),
})

/** Emits how many sockets are connected, and acks an event so that clients can measure a round trip. */
export const presence = defineNamespace({
  description: 'How many sockets are connected',
  emits: { 'presence:changed': { payload: Presence } },
  events: { 'latency:measure': { description: 'Acks at once', handler: () => {} } },
})

/**
 * Emits to `/` how many sockets each of these namespaces has, whenever a number changes.
 * It uses Socket.IO's own API, which works beside the definitions.
 */
export function announcePresence(io: Server, names: readonly string[]): void {
  const startedAt = new Date().toISOString()
  const announce = () => {
    const sockets = Object.fromEntries(names.map((name) => [name, io.of(name).sockets.size]))
    io.of('/').emit('presence:changed', { connections: io.engine.clientsCount, sockets, startedAt })
  }
  for (const name of names) {
    io.of(name).on('connection', (socket) => {
      socket.on('disconnect', announce)
      announce()
    })
  }
}
