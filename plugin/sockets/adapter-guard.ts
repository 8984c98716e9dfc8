import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import { type Packet, PacketType } from 'socket.io-parser'
import { checkAnswered } from '../events/emits/broadcast-acks.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { FST_NSP_EMIT_INVALID } from '../shared/errors.js'
import { toSendable } from '../shared/json-value.js'
import { logError } from '../shared/log/error-log.js'
import { contain, isThenable, mapError } from '../shared/maybe-async.js'
import { speaksToOthers } from './adapter-features.js'

/*
 * Guards the adapter of every namespace, whoever made it. What leaves this node is checked before the adapter has it,
 * where the application emits. What comes from another node never throws into the adapter: it is logged and dropped.
 */

export interface GuardOptions {
  readonly io: Server
  readonly emitCheck: Pick<EmitCheck, 'check' | 'skip'>
  readonly log: FastifyBaseLogger
}

// Where maintained adapters take what a broker brings. None of them expects a throw.
const DOORS = ['onMessage', 'onResponse', 'onRawMessage', 'onmessage', 'onrequest', 'onresponse']
// Socket.IO emits these on a namespace itself; another node has no business to.
const RESERVED = ['connect', 'connection', 'new_namespace']
// A fault of one kind is logged once in this time: a broker may bring it a thousand times a second.
const REPORT_EVERY_MS = 60_000
const KINDS_LIMIT = 100

type AnyMethod = (...args: never[]) => unknown
type Adapter = Namespace['adapter']
/** An adapter, with what is private of it. */
type Open = Record<string, AnyMethod> & { apply?: Apply }
type Apply = (opts: unknown, visit: (socket: unknown) => void) => void

/** Guards the adapters of a server, those of later namespaces and those that `io.adapter()` sets later too. */
export function guardAdapters({ io, emitCheck, log }: GuardOptions): void {
  // When each kind of fault was logged last.
  const reported = new Map<string, number>()

  function report(error: unknown, namespace: string, what: string): void {
    const kind = `${namespace} ${what} ${Object(error).message}`
    const now = performance.now()
    if (now - (reported.get(kind) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return
    if (reported.size >= KINDS_LIMIT) reported.clear()
    reported.set(kind, now)
    logError(log, error, { namespace }, what)
  }

  function guard(namespace: Namespace): void {
    const { name, adapter } = namespace
    const isShared = speaksToOthers(adapter)
    const heed = (result: unknown) => hear(result, (error) => report(error, name, 'an adapter has failed'))
    const check = (event: string, args: unknown[]) => {
      const checked = emitCheck.check(name, event, args)
      return isShared ? toSent(name, event, checked) : checked
    }
    guardOutgoing(adapter, check)
    checkAnswered(namespace, (event, args, send) => {
      const checked = check(event, [...args])
      io.encoder.encode({ type: PacketType.EVENT, nsp: name, id: 0, data: [event, ...checked] })
      return emitCheck.skip(() => send(checked))
    })
    guardVisits(adapter as unknown as Open, (error) => report(error, name, 'a socket was left out of a broadcast'))
    if (!isShared) return
    const open = adapter as unknown as Open
    const { serverSideEmit } = open
    open.serverSideEmit = ([event, ...args]: unknown[]) => {
      const ack = typeof args.at(-1) === 'function' ? [args.pop()] : []
      const packet = [event, ...toSent(name, String(event), args), ...ack]
      return heed(serverSideEmit?.call(adapter, packet as never))
    }
    for (const method of ['broadcast', 'addSockets', 'delSockets', 'disconnectSockets']) wrap(open, method, heed)
    for (const door of DOORS)
      containDoor(open, door, (error) => report(error, name, 'what another node sent was dropped'))
  }

  /** What other nodes emit on a namespace: private, and Socket.IO calls it bare. */
  function guardServerSide(namespace: Namespace): void {
    const target = namespace as unknown as { _onServerSideEmit?: (args: unknown) => void }
    const { _onServerSideEmit: receive } = target
    target._onServerSideEmit = (args) => {
      const isEvent = Array.isArray(args) && typeof args[0] === 'string' && !RESERVED.includes(args[0])
      const drop = (error: unknown) => report(error, namespace.name, 'what another node sent was dropped')
      if (isEvent) contain(() => receive?.call(namespace, args), drop)
      else drop(new TypeError('It is no server-side event'))
    }
  }

  function guardNamespace(namespace: Namespace): void {
    guard(namespace)
    guardServerSide(namespace)
  }

  const { adapter: setAdapter } = io as unknown as { adapter: AnyMethod }
  Object.assign(io, {
    adapter(...given: never[]) {
      const result = setAdapter.apply(io, given)
      if (given.length > 0) for (const namespace of io._nsps.values()) guard(namespace)
      return result
    },
  })
  io.on('new_namespace', guardNamespace)
  guardNamespace(io.of('/'))
}

/** Checks what is broadcast, with acks and without. `check` throws where the application has called. */
function guardOutgoing(adapter: Adapter, check: (event: string, args: unknown[]) => unknown[]): void {
  const { broadcast, broadcastWithAck } = adapter
  // Socket.IO broadcasts nothing but events.
  const prepare = (packet: Packet) => {
    const [event, ...args] = packet.data as [string, ...unknown[]]
    const checked = check(event, args)
    if (checked !== args) packet.data = [event, ...checked]
  }
  adapter.broadcast = (packet, opts) => {
    prepare(packet)
    return broadcast.call(adapter, packet, opts)
  }
  adapter.broadcastWithAck = (packet, ...rest) => {
    prepare(packet)
    return broadcastWithAck.call(adapter, packet, ...rest)
  }
}

/** One socket that refuses what it is given (it is in too many rooms, a listener of it throws) keeps it from no other. */
function guardVisits(adapter: Open, report: (error: unknown) => void): void {
  const { apply } = adapter
  if (typeof apply !== 'function') return
  adapter.apply = (opts, visit) =>
    apply.call(adapter, opts, (socket) => {
      try {
        visit(socket)
      } catch (error) {
        report(error)
      }
    })
}

/** Arguments as JSON has them, so that they are the same on every node. throws FST_NSP_EMIT_INVALID for what it has not. */
function toSent(namespace: string, event: string, args: unknown[]): unknown[] {
  return mapError(
    () => args.map(toSendable),
    (error) => {
      throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
    },
  ) as unknown[]
}

/** Reports a rejection, which Socket.IO leaves unhandled. out: the same, for whoever waits and reports it instead. */
function hear(result: unknown, report: (error: unknown) => void): unknown {
  if (!isThenable(result)) return result
  let isHeard = false
  // Not at once: whoever waits for it may ask in a later tick.
  result.then(undefined, (error) => setImmediate(() => isHeard || report(error)))
  const heard: PromiseLike<unknown>['then'] = (...ends) => {
    isHeard = true
    return result.then(...ends)
  }
  // biome-ignore lint/suspicious/noThenProperty: it stands in for the promise
  return { then: heard }
}

function wrap(adapter: Open, method: string, heed: (result: unknown) => unknown): void {
  const stock = adapter[method]
  if (typeof stock === 'function') adapter[method] = (...args) => heed(stock.apply(adapter, args))
}

function containDoor(adapter: Open, door: string, report: (error: unknown) => void): void {
  const stock = adapter[door]
  if (typeof stock === 'function') adapter[door] = (...args) => contain(() => stock.apply(adapter, args), report)
}
