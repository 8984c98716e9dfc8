import { createHash } from 'node:crypto'
import type { Socket } from 'socket.io'

/*
 * The ids under which the broker keeps sessions, and marks of owners whose sessions were revoked.
 */

// What Socket.IO makes.
const PID = /^[\w-]{1,64}$/

/** The private id of a socket, which Socket.IO's types hide. */
export function pidOf(socket: Socket): string {
  return (socket as unknown as { readonly pid: string }).pid
}

/** Whether a client's text can be a private id. Nothing else is asked for: it may be the id of a mark. */
export function isPid(text: string): boolean {
  return PID.test(text)
}

/** The id of the mark that revokes the sessions of an owner. */
export function markOf(owner: string): string {
  return `revoked ${createHash('sha256').update(owner).digest('base64url')}`
}
