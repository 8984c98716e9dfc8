import type { FastifyRequest } from 'fastify'

/*
 * The state that the plugin keeps on a socket of Socket.IO: one object under one symbol. Only the file named at a field uses it.
 * A field is `unknown` where its type belongs to a later wing.
 */

class SocketState {
  /** engine/http/connect-request: the request that joined the namespace. */
  request: FastifyRequest | undefined = undefined
  /** events/gate/event-gate */
  gate: unknown = undefined
  /** sockets/lifecycle: the context that the functions of its definition receive. */
  context: unknown = undefined
}

const STATE = Symbol('fastify-namespaces: socket')

/** The state of a socket; undefined for an object that has none. */
export function findSocketState(socket: object): SocketState | undefined {
  return (socket as { [STATE]?: SocketState })[STATE]
}

/** The state of a socket, created by the first call. */
export function socketStateOf(socket: object): SocketState {
  const stateful = socket as { [STATE]?: SocketState }
  stateful[STATE] ??= new SocketState()
  return stateful[STATE]
}
