import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import { scopeOfSocket } from '../engine/http/connect-request.js'
import { callAnyListener } from '../events/ack.js'
import { containAnyListeners, type ListenerTarget } from '../events/any-listeners.js'
import { boundRooms } from '../events/emits/emit-prototype.js'
import type { EventGate } from '../events/gate/event-gate.js'
import type { Middleware } from '../events/gate/socket-middlewares.js'
import { isControl } from '../events/stream/stream-gate.js'
import { applyIn } from '../shared/async-scope.js'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_EVENT_DECLARED, FST_NSP_ROOMS_LIMIT } from '../shared/errors.js'
import type { Limits } from '../shared/limits.js'
import { RatedLog } from '../shared/log/rated-log.js'
import { containListeners } from '../shared/safe-listeners.js'
import type { WireError } from '../shared/wire-error.js'
import { PacketRefusal } from '../wire/packet-limits.js'
import { sendLastEmits } from './nodes/last-emits.js'

/*
 * Replaces the functions of a socket with which the application adds listeners, middlewares and rooms, and emits: errors of what it
 * adds are reported, and limits are applied.
 */

export interface SocketFunctionsOptions {
  readonly limits: Pick<Limits, 'roomsPerSocket'>
  readonly log: FastifyBaseLogger
  readonly gateFor: (socket: Socket) => EventGate
  /** Makes the emits of a socket, or of all sockets with this prototype, be checked. */
  readonly checkEmitsOf: (socket: Socket) => void
}

/** Logs an error that a function of the application has thrown. Returns the client's error, with the id of the log entry. */
type ReportError = (error: unknown, what: string, socket: Socket, event?: string) => WireError

export interface SocketFunctions {
  readonly report: ReportError
  /** Replaces the functions of one socket, or of a prototype. */
  wrap(contained: Socket): void
}

export function createSocketFunctions({ limits, log, gateFor, checkEmitsOf }: SocketFunctionsOptions): SocketFunctions {
  const report: ReportError = (error, what, socket, event) => {
    const rated = new RatedLog(log, gateFor(socket).lines)
    const told = toWireError(error, rated)
    const { code } = told
    const id = code === 'FST_NSP_INTERNAL' ? randomUUID() : undefined
    const where = { namespace: socket.nsp.name, socketId: socket.id, event: event?.slice(0, 100), code }
    const isWritten = rated.write('error', { err: error, ...where, ...(id && { errorId: id }) }, `${what} failed`)
    return id && isWritten ? { ...told, details: { id } } : told
  }

  /** Refuses a listener of a declared event: its handler receives the event, the listener never would. */
  function refuseDeclared(socket: Socket, event: string | symbol): void {
    // Socket.IO emits `error` for an event that a middleware has refused.
    if (event === 'error' || !gateFor(socket).knows(String(event))) return
    throw new FST_NSP_EVENT_DECLARED(String(event), socket.nsp.name)
  }

  function answer(args: readonly unknown[], error: WireError): void {
    const ack = args.at(-1)
    if (typeof ack === 'function') ack({ ok: false, error })
  }

  function wrap(contained: Socket): void {
    containListeners(
      contained,
      (error, event, args, socket) => answer(args, report(error, 'listener', socket, event)),
      { vet: refuseDeclared, scopeOf: scopeOfSocket },
    )
    containAnyListeners<ListenerTarget & Socket>(
      contained as ListenerTarget & Socket,
      (error, event, _args, socket) => report(error, 'listener', socket, event),
      (listener, socket, event, args) =>
        args[0] instanceof PacketRefusal || (isControl(event) && gateFor(socket).knows(event))
          ? undefined
          : applyIn(scopeOfSocket(socket), callAnyListener as never, undefined, [listener, socket, event, args]),
    )
    contained.use = function (this: Socket, middleware) {
      gateFor(this).use(middleware as Middleware)
      return this
    }
    checkEmitsOf(contained)
    sendLastEmits(contained)
    boundRooms(contained, limits.roomsPerSocket, () => new FST_NSP_ROOMS_LIMIT(limits.roomsPerSocket))
  }

  return { report, wrap }
}
