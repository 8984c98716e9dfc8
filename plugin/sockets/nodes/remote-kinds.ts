import type { Socket } from 'socket.io'

/*
 * What nodes ask each other about the sockets of an address. A wire format.
 */

export const REMOTE_KINDS = {
  emit: 'emit',
  ask: 'ask',
  join: 'join',
  leave: 'leave',
  disconnect: 'disconnect',
  fetch: 'fetch',
} as const

/** A socket of another node, as Socket.IO's `RemoteSocket` takes it. */
export interface RemoteDetails {
  readonly id: string
  /** Without cookies, other headers, `auth` and the query: they hold secrets, and are most of its bytes. */
  readonly handshake: Socket['handshake']
  readonly rooms: readonly string[]
  /** Undefined if JSON can't express it. */
  readonly data: unknown
}
