import type { FastifyRequest } from 'fastify'

/*
 * What the plugin keeps on a socket of Socket.IO: one object under one symbol, so that this file shows all of it. The file named
 * at a field is the only one that uses it. A field is `unknown` where its type belongs to a later wing.
 */

class SocketState {
  /** engine/http/connect-request: the request that joined the namespace. */
  request: FastifyRequest | undefined = undefined
  /** events/gate/event-gate */
  gate: unknown = undefined
  /** sockets/lifecycle: what the functions of its definition receive. */
  context: unknown = undefined
}

const STATE = Symbol('fastify-namespaces: socket')

/** The state of a socket; undefined for an object that has none. */
export function findSocketState(socket: object): SocketState | undefined {
  return (socket as { [STATE]?: SocketState })[STATE]
}

/** The state of a socket, made when it is first asked for. */
export function socketStateOf(socket: object): SocketState {
  const stateful = socket as { [STATE]?: SocketState }
  stateful[STATE] ??= new SocketState()
  return stateful[STATE]
}
