import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Namespace, Socket } from 'socket.io'
import type { HandlerContext } from './definition.js'

/** Builds what the functions of a definition receive, for one joined socket. Its logger is made when it is asked for. */
export function createContext(socket: Socket, namespace: Namespace, request: FastifyRequest): HandlerContext<unknown> {
  let log: FastifyBaseLogger | undefined
  return {
    socket: socket as HandlerContext<unknown>['socket'],
    namespace: namespace as HandlerContext<unknown>['namespace'],
    request,
    get log() {
      log ??= request.log.child({ namespace: namespace.name, socketId: socket.id })
      return log
    },
    emit: socket.emit.bind(socket),
    to: (room) => socket.to(room),
  }
}
