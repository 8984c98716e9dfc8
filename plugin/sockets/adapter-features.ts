import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'

/*
 * Detects what an adapter supports. All adapters inherit from Socket.IO's, which has every method and does nothing in those
 * that it does not support.
 */

/** Warns if the adapter can't recover sessions although `connectionStateRecovery` is on. */
export function warnOfAdapter(io: Server, log: FastifyBaseLogger): void {
  const { adapter } = io.of('/')
  if (isOwn(adapter, 'restoreSession')) return
  log.warn(
    { adapter: adapter.constructor.name },
    'connectionStateRecovery is on, but the adapter recovers no session: use one that does, or the default one',
  )
}

/** Whether an adapter communicates with other nodes. */
export function isClusterAdapter(adapter: Namespace['adapter']): boolean {
  return isOwn(adapter, 'serverSideEmit')
}

/** Whether a class above Socket.IO's Adapter overrides a method. That class, in any copy, directly extends node's EventEmitter. */
function isOwn(adapter: Namespace['adapter'], method: 'restoreSession' | 'serverSideEmit'): boolean {
  let owner: object | null = adapter
  while (owner && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner)
  return owner !== null && Object.getPrototypeOf(owner) !== EventEmitter.prototype
}
