import type { Socket } from 'socket.io'
import { FST_NSP_NAMESPACES_LIMIT } from '../shared/errors.js'
import { isWithin } from '../shared/limits.js'
import { Join, joiningOf } from './connection-joins.js'

/*
 * The joins of a server that are under way, each from its beginning to its end: with its socket, or without one.
 */

export interface PendingJoinsOptions {
  /** How many namespaces a connection may be in, or on the way to; 0 for no bound. */
  readonly limit: number
  /** Longest that a join may take. Milliseconds, 0 for no bound. */
  readonly timeoutMs: number
  /** Hears of a join whose time was up. */
  readonly late: (connection: object, address: string) => void
}

export interface PendingJoins {
  /** Begins one. throws FST_NSP_NAMESPACES_LIMIT. */
  begin(connection: object, address: string, auth: object): Join
  /** The one that Socket.IO has made a socket of. */
  find(socket: Socket): Join | undefined
  /** Hears of a socket that has connected. out: its join. */
  settle(socket: Socket): Join | undefined
  /** Hears of a socket that Socket.IO has taken out: also of one that was refused. */
  remove(socket: Socket): void
  /** Hears of a socket that was connected, and has left. */
  leave(socket: Socket): void
  /** Hears of a connection that has ended: with it goes all that it was on the way to. */
  forget(connection: object): void
  /** Whether nobody waits any more for a socket that Socket.IO has made. */
  isDropped(socket: Socket): boolean
}

export function createPendingJoins({ limit, timeoutMs, late }: PendingJoinsOptions): PendingJoins {
  // Sockets, and the auths of those that Socket.IO still has to make.
  const dropped = new WeakSet<object>()

  /** Ends one from outside. A socket of it, also one that comes later, never connects. */
  function abandon(join: Join): void {
    const { socket, isPassed, auth } = join
    if (isPassed) dropped.add(socket ?? auth)
    // Socket.IO would keep it for as long as a middleware does not settle.
    socket?._cleanup()
    join.end()
  }

  function find({ conn, nsp }: Socket): Join | undefined {
    return joiningOf(conn).pending?.get(nsp.name)
  }

  return {
    begin(connection, address, auth) {
      const joining = joiningOf(connection)
      if (!isWithin(joining.count + 1, limit)) throw new FST_NSP_NAMESPACES_LIMIT(limit)
      const join = new Join(joining, address, auth)
      join.limit(timeoutMs, () => {
        abandon(join)
        late(connection, address)
      })
      return join
    },

    find,

    settle(socket) {
      const join = find(socket)
      join?.end()
      joiningOf(socket.conn).add(socket)
      return join
    },

    remove(socket) {
      const join = find(socket)
      if (join?.socket === socket) join.end()
    },

    leave(socket) {
      joiningOf(socket.conn).remove(socket)
    },

    forget(connection) {
      for (const join of joiningOf(connection).pending?.values() ?? []) {
        join.hasLeft = true
        abandon(join)
      }
    },

    isDropped: (socket) => dropped.has(socket) || dropped.has(socket.handshake.auth),
  }
}
