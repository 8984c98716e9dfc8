import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { EmitCheck } from './emits/check-emit.js'
import { createRelay, type Handle } from './relay.js'
import type { SocketRooms } from './rooms/socket-rooms.js'

/** What an event does: its handler, its relay, or joining and leaving rooms. */
export function createHandle(
  event: CompiledEvent,
  instance: FastifyInstance,
  emitCheck: Pick<EmitCheck, 'relay'>,
  rooms: SocketRooms,
): Handle {
  if (event.relay) return createRelay(event, event.relay, instance, emitCheck)
  if (event.room) return rooms[event.room]
  // An event without either has a handler.
  const call = event.handler as NonNullable<CompiledEvent['handler']>
  return (context) => call.call(instance, context.event.payload, context)
}
