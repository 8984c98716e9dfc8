import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import type { Packet } from 'socket.io-parser'
import { checkAnswered } from '../events/emits/broadcast-acks.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { FST_NSP_EMIT_INVALID } from '../shared/errors.js'
import { toSendable } from '../shared/json-value.js'
import { logError } from '../shared/log/error-log.js'
import { contain, isThenable, mapError } from '../shared/maybe-async.js'
import { PacketType } from '../wire/socket-io-packages.js'
import { isClusterAdapter } from './adapter-features.js'

/*
 * Guards the adapter of every namespace, also custom ones. An emit is checked before the adapter receives it, so that it
 * throws where the application emits. A packet from another node never throws into the adapter: it is logged and dropped.
 */

export interface GuardOptions {
  readonly io: Server
  readonly emitCheck: Pick<EmitCheck, 'check' | 'skip'>
  readonly log: FastifyBaseLogger
}

// The methods that maintained adapters call with what a broker delivers. None of them expects a throw.
const INCOMING_METHODS = ['onMessage', 'onResponse', 'onRawMessage', 'onmessage', 'onrequest', 'onresponse']
// Socket.IO emits these on a namespace itself; another node must not.
const RESERVED = ['connect', 'connection', 'new_namespace']
// Each kind of error is logged once in this time: a broker may deliver a thousand a second.
const REPORT_EVERY_MS = 60_000
const KINDS_LIMIT = 100

type AdapterMethod = (...args: never[]) => unknown
type GuardedAdapter = Namespace['adapter']
/** An adapter with its private members. */
type AdapterInternals = Record<string, AdapterMethod> & { apply?: Apply }
type Apply = (opts: unknown, visit: (socket: unknown) => void) => void

/** Guards the adapters of a server, including those of later namespaces and those that a later `io.adapter()` sets. */
export function guardAdapters({ io, emitCheck, log }: GuardOptions): void {
  // When each kind of error was last logged.
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
    const isShared = isClusterAdapter(adapter)
    const reportRejection = (result: unknown) =>
      watchRejection(result, (error) => report(error, name, 'an adapter has failed'))
    const check = (event: string, args: unknown[]) => {
      const checked = emitCheck.check(name, event, args)
      return isShared ? toJsonArguments(name, event, checked) : checked
    }
    guardOutgoing(adapter, check)
    checkAnswered(namespace, (event, args, send) => {
      const checked = check(event, [...args])
      io.encoder.encode({ type: PacketType.EVENT, nsp: name, id: 0, data: [event, ...checked] })
      return emitCheck.skip(() => send(checked))
    })
    guardVisits(adapter as unknown as AdapterInternals, (error) =>
      report(error, name, 'a socket was left out of a broadcast'),
    )
    if (!isShared) return
    const open = adapter as unknown as AdapterInternals
    const { serverSideEmit } = open
    open.serverSideEmit = ([event, ...args]: unknown[]) => {
      const ack = typeof args.at(-1) === 'function' ? [args.pop()] : []
      const packet = [event, ...toJsonArguments(name, String(event), args), ...ack]
      return reportRejection(serverSideEmit?.call(adapter, packet as never))
    }
    for (const method of ['broadcast', 'addSockets', 'delSockets', 'disconnectSockets'])
      wrap(open, method, reportRejection)
    for (const method of INCOMING_METHODS)
      containIncoming(open, method, (error) => report(error, name, 'a packet from another node was dropped'))
  }

  /** Guards what other nodes emit on a namespace. The method is private, and Socket.IO calls it without error handling. */
  function guardServerSide(namespace: Namespace): void {
    const target = namespace as unknown as { _onServerSideEmit?: (args: unknown) => void }
    const { _onServerSideEmit: receive } = target
    target._onServerSideEmit = (args) => {
      const isEvent = Array.isArray(args) && typeof args[0] === 'string' && !RESERVED.includes(args[0])
      const drop = (error: unknown) => report(error, namespace.name, 'a packet from another node was dropped')
      if (isEvent) contain(() => receive?.call(namespace, args), drop)
      else drop(new TypeError('Not a server-side event'))
    }
  }

  function guardNamespace(namespace: Namespace): void {
    guard(namespace)
    guardServerSide(namespace)
  }

  const { adapter: setAdapter } = io as unknown as { adapter: AdapterMethod }
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

/** Checks broadcasts, with and without acks. `check` throws where the application has emitted. */
function guardOutgoing(adapter: GuardedAdapter, check: (event: string, args: unknown[]) => unknown[]): void {
  const { broadcast, broadcastWithAck } = adapter
  // Socket.IO broadcasts events only.
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

/** A socket that throws (too many rooms, a listener that throws) is left out; the others still receive the broadcast. */
function guardVisits(adapter: AdapterInternals, report: (error: unknown) => void): void {
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

/**
 * The arguments as JSON represents them, so that every node receives the same.
 *
 * @throws FST_NSP_EMIT_INVALID for a value that JSON can't represent
 */
function toJsonArguments(namespace: string, event: string, args: unknown[]): unknown[] {
  return mapError(
    () => args.map(toSendable),
    (error) => {
      throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
    },
  ) as unknown[]
}

/** Reports a rejection, which Socket.IO leaves unhandled. Returns the same promise; a caller that awaits it reports it itself. */
function watchRejection(result: unknown, report: (error: unknown) => void): unknown {
  if (!isThenable(result)) return result
  let isWatched = false
  // Not at once: the caller may call `then` in a later tick.
  result.then(undefined, (error) => setImmediate(() => isWatched || report(error)))
  const watch: PromiseLike<unknown>['then'] = (...ends) => {
    isWatched = true
    return result.then(...ends)
  }
  // biome-ignore lint/suspicious/noThenProperty: it stands in for the promise
  return { then: watch }
}

function wrap(adapter: AdapterInternals, method: string, reportRejection: (result: unknown) => unknown): void {
  const stock = adapter[method]
  if (typeof stock === 'function') adapter[method] = (...args) => reportRejection(stock.apply(adapter, args))
}

function containIncoming(adapter: AdapterInternals, method: string, report: (error: unknown) => void): void {
  const stock = adapter[method]
  if (typeof stock === 'function') adapter[method] = (...args) => contain(() => stock.apply(adapter, args), report)
}
