import { type Packet, PacketType } from 'socket.io-parser'
import { FST_NSP_RATE_LIMITED } from '../shared/errors.js'
import { type Clock, createBucket, type Limits, takeToken } from '../shared/limits.js'
import { awaitsAck } from '../shared/safe-listeners.js'
import { type Joining, joiningOf } from './connection-joins.js'

/*
 * How often a connection may join, leave, and ack what nobody waits for. Events have a rate for each socket, at its gate.
 */

export interface PacketRates {
  /** Takes a token for a join. out: 0, or the milliseconds until there is one. */
  takeJoin(connection: object): number
  /**
   * Whether a packet that is neither an event nor a connect may be handed on.
   * throws FST_NSP_RATE_LIMITED for a leave too many: dropped, it would leave a socket that its client believes gone.
   */
  admits(connection: object, packet: Packet): boolean
}

export type RatesOptions = Pick<Limits, 'eventsPerSecond' | 'joinsPerSecond' | 'namespacesPerConnection'>

export function createPacketRates(limits: RatesOptions, now: Clock): PacketRates {
  const { eventsPerSecond, joinsPerSecond, namespacesPerConnection } = limits
  // Whoever leaves all of its namespaces may come back with all of them at once: a page that renders twice does.
  const burst = Math.max(joinsPerSecond, namespacesPerConnection) * 2

  function take(joining: Joining, rate: 'joins' | 'leaves'): number {
    if (joinsPerSecond === 0) return 0
    const fullAt = takeToken(joining[rate] ?? 0, joinsPerSecond, burst, now)
    if (fullAt < 0) return -fullAt
    joining[rate] = fullAt
    return 0
  }

  return {
    takeJoin: (connection) => take(joiningOf(connection), 'joins'),

    admits(connection, { type, nsp, id }) {
      const joining = joiningOf(connection)
      if (type === PacketType.DISCONNECT) {
        if (take(joining, 'leaves') > 0) throw new FST_NSP_RATE_LIMITED()
        return true
      }
      const socket = joining.socketAt(nsp)
      // An ack that is waited for was asked for; what is no ack, or nobody's, is a break of the protocol, and Socket.IO's.
      if (!socket || id === undefined || awaitsAck(socket, id)) return true
      joining.acks ??= createBucket(eventsPerSecond, now)
      return joining.acks.take() === 0
    },
  }
}
