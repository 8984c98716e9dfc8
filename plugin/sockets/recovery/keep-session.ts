import type { Namespace, Socket } from 'socket.io'
import { ownerOfUser } from '../../joining/sessions/session-owner.js'

/*
 * Sessions that are written to a broker: adapters/sessions/session-adapter.
 */

interface WritingAdapter {
  joined?(socket: Socket): void
  revokeSessions?(owner: string): void
}

/** Called when the onConnect of a socket has ended: from now on its session can be recovered. */
export function keepSession(socket: Socket): void {
  const adapter = socket.nsp.adapter as WritingAdapter
  adapter.joined?.(socket)
}

/** No session that a user has now can be recovered any more, also not by a node that starts later. `root`: any namespace. */
export function revokeSessions(root: Namespace, userId: string): void {
  const adapter = root.adapter as WritingAdapter
  adapter.revokeSessions?.(ownerOfUser(userId))
}
