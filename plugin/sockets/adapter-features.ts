import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Packet } from 'socket.io-parser'

/*
 * Detects what an adapter supports, by its methods: a bundler renames classes. All adapters inherit from Socket.IO's, which has
 * every method and does nothing in those that it does not support.
 */

type Method = 'restoreSession' | 'serverSideEmit'

const SESSIONS = 'recover a session whose node was killed, or that has received no event'
const LIMITS = [
  'run a feed (onFirst, onLast) on one node only',
  'keep one order of events on all nodes',
  'end an emit with acks before its timeout if a node does not answer',
  'deliver everything that was emitted while its broker was lost',
]

/** Logs, in one line, what an adapter that the application gave can't do. Which adapter can what: docs/scaling.md. */
export function tellLimits(io: Server, log: FastifyBaseLogger): void {
  const { adapter } = io.of('/')
  if (canPost(adapter)) return
  const { name } = adapter.constructor
  const isRecovering = io._opts.connectionStateRecovery !== undefined
  const limits = isClusterAdapter(adapter) ? LIMITS : []
  if (isRecovering && !isOwn(adapter, 'restoreSession')) {
    log.warn(
      { adapter: name, cannot: limits },
      'connectionStateRecovery is on, but the adapter recovers no session: use one that does, or the default one',
    )
  } else if (limits.length > 0) {
    log.info(
      { adapter: name, cannot: isRecovering ? [SESSIONS, ...limits] : limits },
      'this adapter has limits (docs/scaling.md)',
    )
  }
}

/** Whether an adapter communicates with other nodes. */
export function isClusterAdapter(adapter: Namespace['adapter']): boolean {
  return isOwn(adapter, 'serverSideEmit')
}

/** The plugin's own adapter. */
export interface PostingAdapter {
  /** Emits to an address that need not be live on this node. */
  postTo(address: string, packet: Packet, opts: BroadcastOptions): void
}

/** Whether an adapter is the plugin's own. */
export function canPost(adapter: object): adapter is PostingAdapter {
  return 'postTo' in adapter
}

/** Whether an adapter keeps sessions, and what they miss, in its broker. */
export function keepsSessions(adapter: Namespace['adapter']): boolean {
  return isOwn(adapter, 'restoreSession') && 'doPublish' in adapter
}

/** Whether a class above Socket.IO's Adapter overrides a method. That class, in any copy, directly extends node's EventEmitter. */
function isOwn(adapter: Namespace['adapter'], method: Method): boolean {
  let owner: object | null = adapter
  while (owner && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner)
  return owner !== null && Object.getPrototypeOf(owner) !== EventEmitter.prototype
}
