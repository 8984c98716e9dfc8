import type { Packet } from 'socket.io-parser'
import { FST_NSP_RATE_LIMITED } from '../shared/errors.js'
import { createBucket, takeToken } from '../shared/limits/token-bucket.js'
import type { Clock, Limits } from '../shared/limits.js'
import { awaitsAck } from '../shared/safe-listeners.js'
import { PacketType } from '../wire/socket-io-packages.js'
import { type ConnectionJoins, joinsOf } from './connection-joins.js'

/*
 * Rate limits of a connection: joins, leaves, and acks that the server does not expect. Events are limited per socket, at its
 * gate.
 */

export interface PacketRates {
  /** Takes a token for a join. Returns 0, or the milliseconds until there is one. */
  takeJoin(connection: object): number
  /**
   * Whether a packet that is neither an event nor a CONNECT may be passed on.
   *
   * @throws FST_NSP_RATE_LIMITED for a DISCONNECT over the limit: if it were dropped, a socket would stay that its client
   * believes gone
   */
  admits(connection: object, packet: Packet): boolean
}

export type RatesOptions = Pick<Limits, 'eventsPerSecond' | 'joinsPerSecond' | 'namespacesPerConnection'>

export function createPacketRates(limits: RatesOptions, now: Clock): PacketRates {
  const { eventsPerSecond, joinsPerSecond, namespacesPerConnection } = limits
  // A client that leaves all its namespaces may join all of them again at once: a page that renders twice does.
  const burst = Math.max(joinsPerSecond, namespacesPerConnection) * 2

  function take(joins: ConnectionJoins, rate: 'joins' | 'leaves'): number {
    if (joinsPerSecond === 0) return 0
    const fullAt = takeToken(joins[rate] ?? 0, joinsPerSecond, burst, now)
    if (fullAt < 0) return -fullAt
    joins[rate] = fullAt
    return 0
  }

  return {
    takeJoin: (connection) => take(joinsOf(connection), 'joins'),

    admits(connection, { type, nsp, id }) {
      const joins = joinsOf(connection)
      if (type === PacketType.DISCONNECT) {
        if (take(joins, 'leaves') > 0) throw new FST_NSP_RATE_LIMITED()
        return true
      }
      const socket = joins.socketAt(nsp)
      // An expected ack is not limited. A packet without an id or a socket violates the protocol: Socket.IO handles it.
      if (!socket || id === undefined || awaitsAck(socket, id)) return true
      joins.acks ??= createBucket(eventsPerSecond, now)
      return joins.acks.take() === 0
    },
  }
}
