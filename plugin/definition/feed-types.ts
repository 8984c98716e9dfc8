import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { DefaultEventsMap, Namespace } from 'socket.io'
import type { None } from '../schema/schema.js'
import type { EmitEvents, SocketData } from './emit-types.js'
import type { ParamsOf } from './join-types.js'

/*
 * The types of feeds: what runs for an address while it has clients.
 */

/** The context of `onFirst` and `onLast`. */
export interface FeedContext<Emits, Join = None, Data = unknown> {
  /** Socket.IO's own namespace: what it emits goes to the clients of all nodes. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>, DefaultEventsMap, SocketData<Data>>
  /** The params of the address, e.g. `{ symbol: 'ACME' }` of `/stocks/ACME`. */
  readonly params: ParamsOf<Join>
  /** The logger of the instance, with the binding `namespace`. */
  readonly log: FastifyBaseLogger
  /** Aborts when the feed has to stop on this node. In `onLast` it is aborted. */
  readonly signal: AbortSignal
}

/** What starts and stops the feed of an address. */
export interface FeedHooks<Context> {
  /**
   * Runs when the first client of all nodes has joined an address, on one node. It may return once the feed runs, or run as long as the
   * feed does, until `signal` aborts. It runs again, on another node, if this one dies or has no clients at the address any more. If it
   * throws, the error is logged, and it is tried again after a second, then after two, and at last once a minute.
   *
   * @example
   * async onFirst({ params, namespace, signal }) {
   *   for await (const price of prices(params.symbol, { signal })) namespace.emit('price:new', price)
   * }
   */
  onFirst?(this: FastifyInstance, context: Context): unknown
  /**
   * Runs on the node whose `onFirst` has run, after that has settled: when the last client has left that node's address, when the
   * instance closes, or when the node has lost its lease. An error is logged.
   */
  onLast?(this: FastifyInstance, context: Context): unknown
  /**
   * How long an address may be without a client before its feed is stopped. Milliseconds; 0 stops it at once.
   * @defaultValue `5_000`
   */
  onLastGraceMs?: number
}
