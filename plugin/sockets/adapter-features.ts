import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'

/*
 * What an adapter can do. Socket.IO's own, from which all inherit, does nothing where it can't, and does not say so.
 */

/** Warns of an adapter with which Socket.IO would recover nothing. */
export function warnOfAdapter(io: Server, log: FastifyBaseLogger): void {
  const { adapter } = io.of('/')
  if (isOwn(adapter, 'restoreSession')) return
  log.warn(
    { adapter: adapter.constructor.name },
    'connectionStateRecovery is on, but the adapter recovers no session: give one that does, or none',
  )
}

/** Whether an adapter has other nodes to speak to. */
export function speaksToOthers(adapter: Namespace['adapter']): boolean {
  return isOwn(adapter, 'serverSideEmit')
}

/** Whether a method is of a class above the one from which all inherit: of any copy, that is node's emitter's next. */
function isOwn(adapter: Namespace['adapter'], method: 'restoreSession' | 'serverSideEmit'): boolean {
  let owner: object | null = adapter
  while (owner && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner)
  return owner !== null && Object.getPrototypeOf(owner) !== EventEmitter.prototype
}
