import type { FastifyBaseLogger } from 'fastify'
import type { Server, Socket } from 'socket.io'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_CLOSING } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { contain } from '../shared/maybe-async.js'
import type { WireError } from '../shared/wire-error.js'
import { writePacket } from '../wire/packet-codec.js'
import { PacketType } from '../wire/socket-io-packages.js'

/*
 * Tells clients why their sockets are about to be disconnected, and when they may come back.
 */

/** A wire format. */
const DISCONNECT_EMIT = 'namespace:disconnect'

/** Sends the reason to a socket, just before it is disconnected. A failure is logged. */
export function writeDisconnectNotice(io: Server, socket: Socket, why: WireError, log: FastifyBaseLogger): void {
  const nsp = socket.nsp.name
  contain(
    // Written directly: with recovery, Socket.IO's emit goes through the adapter, which may be asynchronous.
    () => writePacket(io, socket.conn, { type: PacketType.EVENT, nsp, data: [DISCONNECT_EMIT, why] }),
    (error) =>
      logError(log, error, { namespace: nsp, socketId: socket.id }, 'the reason of a disconnect can not be sent'),
  )
}

/**
 * For `app.drainSockets()`: returns the function that tells all sockets of a connection when to come back.
 *
 * @param retryAfterMs - sent as `details.retryAfterMs`
 */
export function createDrainNotice(
  io: Server,
  retryAfterMs: number,
  log: FastifyBaseLogger,
): (connection: object) => void {
  const why = { ...toWireError(new FST_NSP_CLOSING()), details: { retryAfterMs } }
  const socketsOf = new WeakMap<object, Socket[]>()
  for (const { sockets } of io._nsps.values()) {
    for (const socket of sockets.values()) {
      const others = socketsOf.get(socket.conn)
      if (others) others.push(socket)
      else socketsOf.set(socket.conn, [socket])
    }
  }
  return (connection) => {
    // A client ignores what is for a socket that it has left.
    for (const socket of socketsOf.get(connection) ?? []) writeDisconnectNotice(io, socket, why, log)
  }
}
