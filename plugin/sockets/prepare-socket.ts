import type { DisconnectReason, Namespace, Server, Socket } from 'socket.io'
import { keepSocketRequest, scopeOfSocket } from '../engine/http/connect-request.js'
import type { Dispatch } from '../events/event-run.js'
import type { EventGate } from '../events/gate/event-gate.js'
import { keepRates, ratesKeptFor } from '../events/gate/event-rates.js'
import type { GateRules } from '../events/gate/gate-rules.js'
import { gateOf, sendToGate, setGate } from '../events/gate/socket-gate.js'
import type { Admission } from '../joining/admission.js'
import { logError } from '../shared/log/error-log.js'
import { containAcks, containListeners, containMiddlewares, containPresent, listen } from '../shared/safe-listeners.js'
import { addReceiver, removeReceiver } from '../wire/event-receivers.js'
import type { OpenFastConnection } from '../wire/fast/fast-path.js'
import type { Parser } from '../wire/packet-codec.js'
import { boundWaiting, limitUnread } from '../wire/slow-reader.js'
import type { EmitBound } from '../wire/waiting/emit-queues.js'
import { createQueues } from './guard/bounded-emits.js'
import { connectError, copyRefusal } from './middleware-error.js'
import { createSocketClass, setSocketClass } from './socket-class.js'
import { createSocketFunctions, type SocketFunctionsOptions } from './socket-functions.js'

/*
 * Prepares every socket of every namespace, with or without a definition, before the application's middlewares and listeners
 * see it: error handling around its functions, limits, its gate, and its request.
 */

/** The parts of a mounted definition that a gate needs. */
interface GateDefinition {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly isSequential: boolean
  readonly contract: { readonly bounds: ReadonlyMap<string, EmitBound> }
}

export interface PrepareOptions
  extends Pick<GateRules, 'drain' | 'handlerTimeoutMs' | 'limits' | 'log' | 'notices' | 'now'> {
  readonly io: Server
  /** The application's parser. */
  readonly parser: Parser | undefined
  readonly admission: Pick<Admission, 'isDropped' | 'resolveRequest' | 'settle' | 'remove' | 'leave'>
  /** The rules of a mounted namespace, by its address; undefined for a namespace without a definition. */
  readonly rulesOf: (namespace: string) => GateDefinition | undefined
  readonly openFast: OpenFastConnection
  readonly checkEmitsOf: SocketFunctionsOptions['checkEmitsOf']
  /** Whether sockets get a class of the plugin's own. Otherwise they are Socket.IO's, and each is prepared by itself. */
  readonly hasSocketClass: boolean
}

/** Prepares the sockets of every namespace of a server, also of later ones. */
export function prepareServer(options: PrepareOptions): void {
  const { io, parser, limits, log, admission, drain, rulesOf, openFast, handlerTimeoutMs, notices, now } = options
  const isText = parser === undefined
  const gateRules = new WeakMap<GateDefinition, GateRules>()
  const prototypes = new WeakMap<Socket, Socket>()
  const { report, wrap } = createSocketFunctions({ ...options, gateFor })
  const queues = createQueues(io, parser, (namespace) => rulesOf(namespace)?.contract.bounds, log)
  const OwnSocket = options.hasSocketClass ? createSocketClass(sendToGate) : undefined
  if (OwnSocket) wrap(OwnSocket.prototype)

  function reportOfNamespace(error: unknown, event: string, _args: unknown[], { name }: Namespace): void {
    logError(log, error, { namespace: name, event }, 'listener of a namespace failed')
  }

  /** Prepares the socket if needed: children of the application's own dynamic namespaces run inherited middlewares before ours. */
  function gateFor(socket: Socket): EventGate {
    return gateOf(socket) ?? prepareSocket(socket)
  }

  function prepareSocket(socket: Socket): EventGate {
    const rules = rulesOf(socket.nsp.name)
    // A client that leaves and joins again keeps its rate limits.
    const gate = setGate(socket, gateRulesOf(rules), ratesKeptFor(socket))
    if (!OwnSocket || !(socket instanceof OwnSocket)) {
      const stock: Socket = socket
      stock.use((event, next) => sendToGate(stock, event, next))
      Object.setPrototypeOf(stock, prototypeFor(stock))
    }
    containAcks(socket, reportAck, scopeOfSocket)
    listen(socket, 'disconnect', leave)
    if (rules && rules.contract.bounds.size > 0) boundWaiting(socket.conn, queues)
    if (rules) openFast(socket)
    else gate.open()
    return gate
  }

  /** The functions of a socket that is not of our class, wrapped once for all with the same prototype. */
  function prototypeFor(socket: Socket): Socket {
    const stock: Socket = Object.getPrototypeOf(socket)
    const known = prototypes.get(stock)
    if (known) return known
    const made: Socket = Object.create(stock)
    prototypes.set(stock, made)
    wrap(made)
    return made
  }

  /** One object for all gates of a definition. Without a definition it knows no event. */
  function gateRulesOf(rules: GateDefinition | undefined): GateRules {
    const known = rules && gateRules.get(rules)
    if (known) return known
    const { dispatches = new Map(), isSequential = false } = rules ?? {}
    const hasStreams = [...dispatches.values()].some(({ isStream }) => isStream)
    const made = {
      dispatches,
      isSequential,
      hasStreams,
      isText,
      drain,
      limits,
      log,
      handlerTimeoutMs,
      notices,
      report,
      now,
    }
    if (rules) gateRules.set(rules, made)
    return made
  }

  function reportAck(error: unknown, socket: Socket): void {
    report(error, 'ack callback', socket)
  }

  function leave(this: Socket, reason: DisconnectReason): void {
    const gate = gateOf(this)
    if (gate) removeReceiver(this.conn, gate)
    gate?.close(reason === 'server shutting down')
    keepRates(this, gate?.rates)
    admission.leave(this)
  }

  /** From now on the declared events of a socket bypass Socket.IO. */
  function receiveEvents(socket: Socket): void {
    const gate = gateOf(socket)
    // The namespaces of protocol 3 may have a query.
    if (gate && rulesOf(socket.nsp.name) && socket.conn.protocol === 4) addReceiver(socket.conn, gate)
  }

  function prepareNamespace(namespace: Namespace): void {
    if (OwnSocket) setSocketClass(namespace, OwnSocket)
    // A child of the application's own dynamic namespaces has its parent's middlewares from the start: they run after ours.
    const inherited = takeMiddlewares(namespace)
    namespace.use((socket, next) => {
      if (admission.isDropped(socket)) return socket._cleanup()
      gateFor(socket)
      admission.resolveRequest(socket, (request) => {
        if (request) keepSocketRequest(socket, request)
        next()
      })
    })
    // A throw reaches the caller that makes the namespace: a namespace that is not prepared must not be joined.
    containListeners(namespace, reportOfNamespace, {
      isLoud: (event) => event === 'new_namespace',
      // `connection` listeners receive a socket.
      scopeOf: (_namespace, [socket]) => scopeOfSocket(Object(socket)),
    })
    containPresent(namespace)
    // Before the application's listeners: if one throws, this one has run.
    namespace.prependListener('connect', admission.settle).prependListener('connect', receiveEvents)
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
  listen(io.of('/'), 'new_namespace', prepareNamespace)
  prepareNamespace(io.of('/'))
}

type NamespaceMiddleware = Parameters<Namespace['use']>[0]

/** Removes and returns the middlewares of a namespace. Socket.IO has no public way. */
function takeMiddlewares(namespace: Namespace): NamespaceMiddleware[] {
  return (namespace as unknown as { readonly _fns: NamespaceMiddleware[] })._fns.splice(0)
}
