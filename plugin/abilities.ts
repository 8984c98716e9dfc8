import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import { RecoveringAdapter } from './recovery.js'

/*
 * What an adapter can do. Socket.IO's own, from which all inherit, does nothing where it can't, and does not say so.
 */

const ancestor = Object.getPrototypeOf(RecoveringAdapter.prototype) as Namespace['adapter']

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

function isOwn(adapter: Namespace['adapter'], method: 'restoreSession' | 'serverSideEmit'): boolean {
  // Another copy of socket.io-adapter has another class, with the same words.
  return String(adapter[method]) !== String(ancestor[method])
}
