import { defineNamespace } from 'fastify-namespaces'
import type { Server } from 'socket.io'
import { Type } from 'typebox'

const Presence = Type.Object({
  connections: Type.Integer({ description: 'connections of the whole server, each shared by its namespaces' }),
  sockets: Type.Record(Type.String(), Type.Integer(), { description: 'namespace -> sockets that have joined it' }),
  startedAt: Type.String({ format: 'date-time' }),
})

/** Who is here; and an ack, for clients that measure a round trip with it. */
export const presence = defineNamespace({
  description: 'Who is here',
  emits: { 'presence:changed': { payload: Presence } },
  events: { 'latency:measure': { description: 'Answers at once', handler: () => {} } },
})

/**
 * Tells `/` how many are in which of these namespaces, whenever that changes.
 * Plain Socket.IO: it goes on working beside the definitions.
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
