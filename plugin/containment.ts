import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Event, Namespace, Server, Socket } from 'socket.io'
import type { Admission } from './admission.js'
import { boundBacklog } from './backlog.js'
import { Refusal } from './bounds.js'
import type { Dispatch } from './dispatch.js'
import type { Drain } from './drain.js'
import { boundRooms } from './emit.js'
import { logError } from './error-log.js'
import { FST_NSP_INTERNAL, FST_NSP_ROOMS_LIMIT } from './errors.js'
import { type GateRules, gateOf, sendToGate, setGate } from './gate.js'
import type { OpenLane } from './lanes.js'
import { type Bucket, createBucket, type Limits } from './limits.js'
import {
  containAcks,
  containAnyListeners,
  containListeners,
  containMiddlewares,
  type ListenerTarget,
  listen,
} from './listeners.js'
import { connectError, copyRefusal } from './middleware-error.js'
import { keepRequest } from './request.js'
import { after, isThenable } from './sequence.js'
import { createSocketClass, setSocketClass } from './socket.js'
import { toWireError, type WireError } from './wire-error.js'

/*
 * What every socket of every namespace gets before anybody else sees it, declared or not: contained functions, bounds,
 * and its gate; and its request, if its namespace has a definition. It is the first middleware of each namespace.
 */

/** What is known of a mounted namespace. */
interface Rules {
  readonly dispatches: ReadonlyMap<string, Dispatch>
  readonly isSequential: boolean
}

export interface ContainmentOptions {
  readonly io: Server
  readonly limits: Limits
  readonly log: FastifyBaseLogger
  readonly admission: Pick<Admission, 'isDropped' | 'redeem' | 'settle' | 'remove' | 'leave'>
  readonly drain: Drain
  /** The rules of a mounted namespace, by its name; undefined for one that the application made itself. */
  readonly rulesOf: (namespace: string) => Rules | undefined
  readonly openLane: OpenLane
  /** Has what a socket, or all with this prototype, emits checked. */
  readonly checkEmitsOf: (socket: Socket) => void
  /** Milliseconds, for rates. */
  readonly now: () => number
}

const BUCKETS_PER_CONNECTION = 200

const BUCKETS = Symbol('buckets')

/** A socket, as it is here. */
type Contained = Socket & { client: { [BUCKETS]?: Map<string, Bucket> } }

/** Contains every namespace of a server, those that are still to come too. */
export function containServer(options: ContainmentOptions): void {
  const { io, limits, log, admission, drain, rulesOf, openLane, checkEmitsOf, now } = options
  const gateRules = new WeakMap<Rules, GateRules>()
  const OwnSocket = createSocketClass(sendToGate)
  containFunctions(OwnSocket.prototype)

  /** Logs what a function of the application has thrown, under an id, and says what of it is told. */
  function report(error: unknown, what: string, socket: Socket, event?: string): WireError {
    const told = toWireError(error, log)
    const id = told.code === 'FST_NSP_INTERNAL' ? randomUUID() : undefined
    const where = { namespace: socket.nsp.name, socketId: socket.id, ...(event !== undefined && { event }) }
    logError(log, error, { ...where, ...(id && { errorId: id }) }, `${what} failed`)
    return id ? { ...told, details: { id } } : told
  }

  const answer = (args: readonly unknown[], error: WireError) => {
    const ack = args.at(-1)
    if (typeof ack === 'function') ack({ ok: false, error })
  }
  /** Those of one socket, or of a prototype. */
  function containFunctions(contained: Socket): void {
    containListeners(contained, (error, event, args, socket) => answer(args, report(error, 'listener', socket, event)))
    containAnyListeners(
      contained as unknown as ListenerTarget,
      (error, event, _args, socket) => report(error, 'listener', socket as unknown as Socket, event),
      ([first]) => first instanceof Refusal,
    )
    containMiddlewares<Socket, Event>(contained, (error, event, isThrown, socket) => {
      answer(event, isThrown ? report(error, 'middleware', socket, event[0]) : toWireError(error, log))
      return error instanceof Error ? error : new FST_NSP_INTERNAL()
    })
    checkEmitsOf(contained)
    boundRooms(contained, limits.roomsPerSocket, () => new FST_NSP_ROOMS_LIMIT(limits.roomsPerSocket))
  }

  function containSocket(socket: Contained): void {
    const rules = rulesOf(socket.nsp.name)
    // Who leaves and joins again finds it as it was.
    const gate = setGate(socket, gateRulesOf(rules), socket.client[BUCKETS]?.get(socket.nsp.name))
    if (!(socket instanceof OwnSocket)) {
      const recovered: Socket = socket
      recovered.use((event, next) => sendToGate(recovered, event, next))
      containFunctions(recovered)
    }
    containAcks(socket, reportAck)
    listen(socket, 'disconnect', leave)
    if (rules) openLane(socket)
    else gate.open()
  }

  /** Those of all gates of a definition; of a namespace without one they know no event. */
  function gateRulesOf(rules: Rules | undefined): GateRules {
    const known = rules && gateRules.get(rules)
    if (known) return known
    const { dispatches = new Map(), isSequential = false } = rules ?? {}
    const made = { dispatches, isSequential, drain, limits, log, createBucket: openBucket }
    if (rules) gateRules.set(rules, made)
    return made
  }

  /** One for a connection and a namespace. */
  function openBucket(): Bucket {
    return createBucket(limits.eventsPerSecond, now)
  }

  function reportAck(error: unknown, socket: Socket): void {
    report(error, 'ack callback', socket)
  }

  function leave(this: Contained): void {
    const gate = gateOf(this)
    gate?.close()
    if (gate?.bucket && this.conn.readyState === 'open') keepBucket(this, gate.bucket)
    admission.leave(this)
  }

  function keepBucket({ client, nsp }: Contained, bucket: Bucket): void {
    client[BUCKETS] ??= new Map()
    const buckets = client[BUCKETS]
    // A client may go from one dynamic namespace to the next for ever.
    const [oldest] = buckets.keys()
    if (oldest !== undefined && buckets.size >= BUCKETS_PER_CONNECTION) buckets.delete(oldest)
    buckets.set(nsp.name, bucket)
  }

  function containNamespace(namespace: Namespace): void {
    setSocketClass(namespace, OwnSocket)
    // Those of Socket.IO's own dynamic namespaces: a child has them before anybody hears of it.
    const inherited = takeMiddlewares(namespace)
    namespace.use((socket, next) => {
      if (admission.isDropped(socket)) return socket._cleanup()
      containSocket(socket as Contained)
      const admitted = after(admission.redeem(socket), (request) => {
        if (request) keepRequest(socket, request)
        next()
      })
      if (!isThenable(admitted)) return
      admitted.then(undefined, (error) => next(connectError(error, toWireError(error, log))))
    })
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
  io.engine.on('connection', (connection: Parameters<typeof boundBacklog>[0]) => {
    boundBacklog(connection, limits.bytesWaiting, warn)
  })
  io.on('new_namespace', containNamespace)
  containNamespace(io.of('/'))
}

type Middleware = Parameters<Namespace['use']>[0]

/** Takes out the middlewares that a namespace has. There is no public word for that. */
function takeMiddlewares(namespace: Namespace): Middleware[] {
  return (namespace as unknown as { readonly _fns: Middleware[] })._fns.splice(0)
}
