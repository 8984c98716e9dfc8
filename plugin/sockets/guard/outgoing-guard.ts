import type { Namespace } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'
import { FST_NSP_EMIT_INVALID } from '../../shared/errors.js'
import { isThenable, mapError, promiseOf } from '../../shared/maybe-async.js'
import { type AdapterInternals, replaceMethod } from './adapter-internals.js'

/*
 * An emit is checked before the adapter receives it. What the adapter throws or rejects later, while it publishes, is
 * reported, and ends nothing.
 */

/** Returns the arguments to send. Throws where the application has emitted. */
export type CheckArguments = (event: string, args: unknown[]) => unknown[]

/** Sends an emit, and keeps it for those who join later. */
type KeepEmit = <Result>(packet: Packet, opts: BroadcastOptions, send: (opts: BroadcastOptions) => Result) => Result

/** Called with what an adapter throws or rejects while it publishes. */
type ReportPublishing = (error: unknown) => void

const PUBLISHING = ['broadcast', 'addSockets', 'delSockets', 'disconnectSockets', 'serverSideEmit']
// What a class on ClusterAdapter implements. Rejections are expected of them, e.g. for what can't be encoded, and no throws.
const IMPLEMENTED = ['doPublish', 'doPublishResponse']
// The adapter of redis does not await what these return.
const CLIENTS = ['pubClient', 'subClient']

/** Checks the broadcasts of an adapter, with and without acks. */
export function guardOutgoing(adapter: Namespace['adapter'], check: CheckArguments, keep: KeepEmit): void {
  const { broadcast, broadcastWithAck } = adapter
  // Socket.IO broadcasts events only.
  const prepare = (packet: Packet) => {
    const [event, ...args] = packet.data as [string, ...unknown[]]
    const checked = check(event, args)
    if (checked !== args) packet.data = [event, ...checked]
  }
  adapter.broadcast = (packet, opts) => {
    prepare(packet)
    const refuse = (error: unknown) => {
      throw error instanceof TypeError ? notEncodable(packet, error) : error
    }
    return keep(
      packet,
      opts,
      (given) => mapError(() => broadcast.call(adapter, packet, given), refuse) as ReturnType<typeof broadcast>,
    )
  }
  adapter.broadcastWithAck = (packet, ...rest) => {
    prepare(packet)
    return broadcastWithAck.call(adapter, packet, ...rest)
  }
}

/** The error for a payload that can't be encoded, e.g. because it has a bigint. */
function notEncodable({ data, nsp }: Packet, { message }: TypeError): Error {
  const [event] = data as [string]
  return new FST_NSP_EMIT_INVALID(event, nsp, message)
}

/** Guards what an adapter publishes. `report` is called with what it throws or rejects meanwhile. */
export function guardPublishing(adapter: AdapterInternals, report: ReportPublishing): void {
  for (const method of PUBLISHING) {
    replaceMethod(adapter, method, (stock, args) => reportUnhandled(stock(...args), report))
  }
  for (const method of IMPLEMENTED) {
    replaceMethod(adapter, method, async (stock, args) => {
      try {
        return await stock(...args)
      } catch (error) {
        report(error)
        throw error
      }
    })
  }
  for (const name of CLIENTS) {
    const client = adapter[name]
    if (typeof client === 'object' && client !== null) Object.assign(adapter, { [name]: reporting(client, report) })
  }
}

/** Reports a rejection, which Socket.IO leaves unhandled. Returns the same promise; a caller that awaits it reports it itself. */
function reportUnhandled(result: unknown, report: ReportPublishing): unknown {
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

/** A client of a broker whose rejections are reported. */
function reporting(client: object, report: ReportPublishing): object {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      // Called on the client itself, which has private fields.
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, args)
        if (isThenable(result)) promiseOf(result).then(undefined, report)
        return result
      }
    },
  })
}
