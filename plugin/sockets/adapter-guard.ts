import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import { checkAnswered } from '../events/emits/broadcast-acks.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { contain } from '../shared/maybe-async.js'
import { PacketType } from '../wire/socket-io-packages.js'
import { canPost, isClusterAdapter, tellLimits } from './adapter-features.js'
import { toConstructor } from './guard/adapter-constructor.js'
import { type AdapterInternals, replaceMethod } from './guard/adapter-internals.js'
import { createFailureLog } from './guard/failure-log.js'
import { guardIncoming } from './guard/incoming-guard.js'
import { toJsonArguments } from './guard/json-arguments.js'
import { guardOutgoing, guardPublishing } from './guard/outgoing-guard.js'
import { askRemote } from './guard/remote-guard.js'
import type { RemoteSockets } from './nodes/remote-sockets.js'
import type { RetainedPlaces } from './retained/retained-places.js'

/*
 * Guards the adapter of every namespace, also custom ones. An emit is checked before the adapter receives it, so that it
 * throws where the application emits. A packet from another node never throws into the adapter: it is logged and dropped.
 */

export interface GuardOptions {
  readonly io: Server
  readonly emitCheck: Pick<EmitCheck, 'check' | 'skip'>
  readonly remote: Pick<RemoteSockets, 'fetch' | 'ask'>
  readonly retained: Pick<RetainedPlaces, 'emit'>
  readonly log: FastifyBaseLogger
}

// Socket.IO emits these on a namespace itself; another node must not.
const RESERVED = ['connect', 'connection', 'new_namespace']
const DROPPED = 'a packet from another node was dropped'

/** Guards the adapters of a server, including those of later namespaces and those that a later `io.adapter()` sets. */
export function guardAdapters({ io, emitCheck, remote, retained, log }: GuardOptions): void {
  const report = createFailureLog(log)

  function guard(namespace: Namespace): void {
    const { name, adapter } = namespace
    const open = adapter as unknown as AdapterInternals
    const isShared = isClusterAdapter(adapter) && !canPost(adapter)
    const check = (event: string, args: unknown[]) => {
      const checked = emitCheck.check(name, event, args)
      return isShared ? toJsonArguments(name, event, checked) : checked
    }
    if (isShared) askRemote(adapter, remote)
    guardOutgoing(adapter, check, (packet, ...rest) => retained.emit(name, packet.data as unknown[], ...rest))
    checkAnswered(namespace, (event, args, send) => {
      const checked = check(event, [...args])
      io.encoder.encode({ type: PacketType.EVENT, nsp: name, id: 0, data: [event, ...checked] })
      return emitCheck.skip(() => send(checked))
    })
    guardVisits(open, (error) => report(error, name, 'a socket was left out of a broadcast'))
    if (isClusterAdapter(adapter)) {
      replaceMethod(open, 'serverSideEmit', (emit, [packet]) => {
        const [event, ...args] = packet as unknown[]
        const ack = typeof args.at(-1) === 'function' ? [args.pop()] : []
        return emit([event, ...toJsonArguments(name, String(event), args), ...ack])
      })
    }
    if (!isShared) return
    guardPublishing(open, (error) => report(error, name, 'an adapter has failed'))
    guardIncoming(open, (error) => report(error, name, DROPPED))
  }

  /** Guards what other nodes emit on a namespace. The method is private, and Socket.IO calls it without error handling. */
  function guardServerSide(namespace: Namespace): void {
    const target = namespace as unknown as { _onServerSideEmit?: (args: unknown) => void }
    const { _onServerSideEmit: receive } = target
    target._onServerSideEmit = (args) => {
      const isEvent = Array.isArray(args) && typeof args[0] === 'string' && !RESERVED.includes(args[0])
      const drop = (error: unknown) => report(error, namespace.name, DROPPED)
      if (isEvent) contain(() => receive?.call(namespace, args), drop)
      else drop(new TypeError('Not a server-side event'))
    }
  }

  function guardNamespace(namespace: Namespace): void {
    guard(namespace)
    guardServerSide(namespace)
  }

  const { adapter: setAdapter } = io as unknown as { adapter: (...given: unknown[]) => unknown }
  Object.assign(io, {
    adapter(...given: unknown[]) {
      const result = setAdapter.apply(io, given.map(toConstructor))
      if (given.length === 0) return result
      for (const namespace of io._nsps.values()) guard(namespace)
      tellLimits(io, log)
      return result
    },
  })
  io.on('new_namespace', guardNamespace)
  guardNamespace(io.of('/'))
  tellLimits(io, log)
}

/** A socket that throws (too many rooms, a listener that throws) is left out; the others still receive the broadcast. */
function guardVisits(adapter: AdapterInternals, report: (error: unknown) => void): void {
  replaceMethod(adapter, 'apply', (apply, [opts, visit]) =>
    apply(opts, (socket: unknown) => {
      try {
        ;(visit as (socket: unknown) => void)(socket)
      } catch (error) {
        report(error)
      }
    }),
  )
}
