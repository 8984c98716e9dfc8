import type { Socket } from 'socket.io'
import { FST_NSP_NAMESPACES_LIMIT } from '../shared/errors.js'
import { isWithin } from '../shared/limits.js'
import { Join, joinsOf } from './connection-joins.js'

/*
 * The pending joins of a server, each from its start until its socket has connected or it has ended without one.
 */

export interface PendingJoinsOptions {
  /** How many namespaces a connection may have joined or be joining; 0 turns it off. */
  readonly limit: number
  /** The time limit of a join. Milliseconds; 0 turns it off. */
  readonly timeoutMs: number
  /** Called with a join that has exceeded the time limit. */
  readonly late: (connection: object, address: string) => void
}

export interface PendingJoins {
  /**
   * Starts a join.
   *
   * @throws FST_NSP_NAMESPACES_LIMIT
   */
  begin(connection: object, address: string, auth: object): Join
  /** The pending join that Socket.IO has made this socket of. */
  find(socket: Socket): Join | undefined
  /** Called when a socket has connected. Returns its join. */
  settle(socket: Socket): Join | undefined
  /** Called when Socket.IO has removed a socket, also a refused one. */
  remove(socket: Socket): void
  /** Called when a connected socket has left. */
  leave(socket: Socket): void
  /** Called when a connection has ended: ends all of its pending joins. */
  forget(connection: object): void
  /** Whether the join of a socket that Socket.IO has made has ended already. */
  isDropped(socket: Socket): boolean
}

export function createPendingJoins({ limit, timeoutMs, late }: PendingJoinsOptions): PendingJoins {
  // Sockets, and the `auth` objects of sockets that Socket.IO has not made yet.
  const dropped = new WeakSet<object>()

  /** Ends a join early. Its socket, also if Socket.IO makes it later, never connects. */
  function abandon(join: Join): void {
    const { socket, isPassed, auth } = join
    if (isPassed) dropped.add(socket ?? auth)
    // Socket.IO would keep the socket as long as a middleware does not settle.
    socket?._cleanup()
    join.end()
  }

  function find({ conn, nsp }: Socket): Join | undefined {
    return joinsOf(conn).pending?.get(nsp.name)
  }

  return {
    begin(connection, address, auth) {
      const joins = joinsOf(connection)
      if (!isWithin(joins.count + 1, limit)) throw new FST_NSP_NAMESPACES_LIMIT(limit)
      const join = new Join(joins, address, auth)
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
      joinsOf(socket.conn).add(socket)
      return join
    },

    remove(socket) {
      const join = find(socket)
      if (join?.socket === socket) join.end()
    },

    leave(socket) {
      joinsOf(socket.conn).remove(socket)
    },

    forget(connection) {
      for (const join of joinsOf(connection).pending?.values() ?? []) {
        join.hasLeft = true
        abandon(join)
      }
    },

    isDropped: (socket) => dropped.has(socket) || dropped.has(socket.handshake.auth),
  }
}
