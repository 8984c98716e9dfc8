import { randomUUID } from 'node:crypto'
import type { DisconnectReason, Namespace, Server, Socket } from 'socket.io'
import { keepSocketRequest, scopeOfSocket } from '../engine/http/connect-request.js'
import { callAnyListener } from '../events/ack.js'
import { containAnyListeners, type ListenerTarget } from '../events/any-listeners.js'
import { boundRooms } from '../events/emits/emit-prototype.js'
import type { Dispatch } from '../events/event-run.js'
import { type EventGate, type GateRules, gateOf, sendToGate, setGate } from '../events/gate/event-gate.js'
import { keepRates, ratesKeptFor } from '../events/gate/event-rates.js'
import type { Middleware } from '../events/gate/socket-middlewares.js'
import type { Admission } from '../joining/admission.js'
import { applyIn } from '../shared/async-scope.js'
import { toWireError, type WireError } from '../shared/client-error.js'
import { FST_NSP_EVENT_DECLARED, FST_NSP_ROOMS_LIMIT } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { RatedLog } from '../shared/log/rated-log.js'
import { containAcks, containListeners, containMiddlewares, containPresent, listen } from '../shared/safe-listeners.js'
import type { OpenFastConnection } from '../wire/fast-path.js'
import { PacketRefusal } from '../wire/packet-limits.js'
import { limitUnread } from '../wire/slow-reader.js'
import { connectError, copyRefusal } from './middleware-error.js'
import { createSocketClass, setSocketClass } from './socket-class.js'

/*
 * What every socket of every namespace gets before anybody else sees it, declared or not: contained functions, bounds,
 * and its gate; and its request, if its namespace has a definition. It is the first middleware of each namespace.
 */

/** What is known of a mounted namespace. */
interface Rules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly isSequential: boolean
}

export interface ContainmentOptions
  extends Pick<GateRules, 'drain' | 'handlerTimeoutMs' | 'limits' | 'log' | 'notices' | 'now'> {
  readonly io: Server
  readonly admission: Pick<Admission, 'isDropped' | 'redeem' | 'settle' | 'remove' | 'leave'>
  /** The rules of a mounted namespace, by its name; undefined for one that the application made itself. */
  readonly rulesOf: (namespace: string) => Rules | undefined
  readonly openLane: OpenFastConnection
  /** Has what a socket, or all with this prototype, emits checked. */
  readonly checkEmitsOf: (socket: Socket) => void
}

/** Contains every namespace of a server, those that are still to come too. */
export function containServer(options: ContainmentOptions): void {
  const { io, limits, log, admission, drain, rulesOf, openLane, checkEmitsOf, handlerTimeoutMs, notices, now } = options
  const gateRules = new WeakMap<Rules, GateRules>()
  const OwnSocket = createSocketClass(sendToGate)
  containFunctions(OwnSocket.prototype)

  /** Logs what a function of the application has thrown, and says what of it is told: with the id under which it is logged. */
  function report(error: unknown, what: string, socket: Socket, event?: string): WireError {
    const rated = new RatedLog(log, gateFor(socket).lines)
    const told = toWireError(error, rated)
    const { code } = told
    const id = code === 'FST_NSP_INTERNAL' ? randomUUID() : undefined
    const where = { namespace: socket.nsp.name, socketId: socket.id, event: event?.slice(0, 100), code }
    const isWritten = rated.write('error', { err: error, ...where, ...(id && { errorId: id }) }, `${what} failed`)
    return id && isWritten ? { ...told, details: { id } } : told
  }

  /** No listener hears an event that is declared: one that is added would wait in vain. */
  function refuseDeclared(socket: Socket, event: string | symbol): void {
    // Of `error`, Socket.IO tells what a middleware has refused.
    if (event === 'error' || !gateFor(socket).knows(String(event))) return
    throw new FST_NSP_EVENT_DECLARED(String(event), socket.nsp.name)
  }

  function reportOfNamespace(error: unknown, event: string, _args: unknown[], { name }: Namespace): void {
    logError(log, error, { namespace: name, event }, 'listener of a namespace failed')
  }

  const answer = (args: readonly unknown[], error: WireError) => {
    const ack = args.at(-1)
    if (typeof ack === 'function') ack({ ok: false, error })
  }
  /** Those of one socket, or of a prototype. */
  function containFunctions(contained: Socket): void {
    containListeners(
      contained,
      (error, event, args, socket) => answer(args, report(error, 'listener', socket, event)),
      { vet: refuseDeclared, scopeOf: scopeOfSocket },
    )
    containAnyListeners<ListenerTarget & Socket>(
      contained as ListenerTarget & Socket,
      (error, event, _args, socket) => report(error, 'listener', socket, event),
      (listener, socket, event, args) =>
        args[0] instanceof PacketRefusal
          ? undefined
          : applyIn(scopeOfSocket(socket), callAnyListener as never, undefined, [listener, socket, event, args]),
    )
    contained.use = function (this: Socket, middleware) {
      gateFor(this).use(middleware as Middleware)
      return this
    }
    checkEmitsOf(contained)
    boundRooms(contained, limits.roomsPerSocket, () => new FST_NSP_ROOMS_LIMIT(limits.roomsPerSocket))
  }

  /** The children of a namespace of Socket.IO's own have its middlewares, and those come before ours. */
  function gateFor(socket: Socket): EventGate {
    return gateOf(socket) ?? containSocket(socket)
  }

  function containSocket(socket: Socket): EventGate {
    const rules = rulesOf(socket.nsp.name)
    // Who leaves and joins again finds it as it was.
    const gate = setGate(socket, gateRulesOf(rules), ratesKeptFor(socket))
    if (!(socket instanceof OwnSocket)) {
      const recovered: Socket = socket
      recovered.use((event, next) => sendToGate(recovered, event, next))
      containFunctions(recovered)
    }
    containAcks(socket, reportAck, scopeOfSocket)
    listen(socket, 'disconnect', leave)
    if (rules) openLane(socket)
    else gate.open()
    return gate
  }

  /** Those of all gates of a definition; of a namespace without one they know no event. */
  function gateRulesOf(rules: Rules | undefined): GateRules {
    const known = rules && gateRules.get(rules)
    if (known) return known
    const { dispatches = new Map(), isSequential = false } = rules ?? {}
    const made = { dispatches, isSequential, drain, limits, log, handlerTimeoutMs, notices, report, now }
    if (rules) gateRules.set(rules, made)
    return made
  }

  function reportAck(error: unknown, socket: Socket): void {
    report(error, 'ack callback', socket)
  }

  function leave(this: Socket, reason: DisconnectReason): void {
    const gate = gateOf(this)
    gate?.close(reason === 'server shutting down')
    keepRates(this, gate?.rates)
    admission.leave(this)
  }

  function containNamespace(namespace: Namespace): void {
    setSocketClass(namespace, OwnSocket)
    // Those of Socket.IO's own dynamic namespaces: a child has them before anybody hears of it.
    const inherited = takeMiddlewares(namespace)
    namespace.use((socket, next) => {
      if (admission.isDropped(socket)) return socket._cleanup()
      gateFor(socket)
      admission.redeem(socket, (request) => {
        if (request) keepSocketRequest(socket, request)
        next()
      })
    })
    // Whoever makes a namespace hears that it could not be prepared: nobody must join it.
    containListeners(namespace, reportOfNamespace, {
      isLoud: (event) => event === 'new_namespace',
      // `connection` is called with a socket.
      scopeOf: (_namespace, [socket]) => scopeOfSocket(Object(socket)),
    })
    containPresent(namespace)
    // Before a listener of the application: one that throws must not keep us from hearing of it.
    namespace.prependListener('connect', admission.settle)
    const { _remove: remove } = namespace
    namespace._remove = (socket) => {
      remove.call(namespace, socket)
      admission.remove(socket)
    }
    containMiddlewares<Namespace, Socket>(
      namespace,
      (error, socket, isThrown) => {
        const refusal = isThrown ? undefined : copyRefusal(error)
        return refusal ?? connectError(error, report(error, 'middleware', socket))
      },
      admission.isDropped,
    )
    for (const middleware of inherited) namespace.use(middleware)
  }

  const warn = (bytes: number) => log.warn({ bytes }, 'connection closed: its reader is too slow')
  io.engine.on('connection', (connection: Parameters<typeof limitUnread>[0]) => {
    limitUnread(connection, limits.bytesWaiting, warn)
  })
  listen(io.of('/'), 'new_namespace', containNamespace)
  containNamespace(io.of('/'))
}

type NamespaceMiddleware = Parameters<Namespace['use']>[0]

/** Takes out the middlewares that a namespace has. There is no public word for that. */
function takeMiddlewares(namespace: Namespace): NamespaceMiddleware[] {
  return (namespace as unknown as { readonly _fns: NamespaceMiddleware[] })._fns.splice(0)
}
