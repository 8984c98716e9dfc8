import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import type { Packet } from 'socket.io-parser'
import { ConnectRefusal, toWireError } from '../shared/client-error.js'
import { logError } from '../shared/log/error-log.js'
import { redactUrl } from '../shared/log/redaction.js'
import type { WireError } from '../shared/wire-error.js'
import { type Connection, type Encoding, writePacket } from '../wire/packet-codec.js'
import { PacketType } from '../wire/socket-io-packages.js'
import { markExplicit, refuseImplicit } from './implicit-connect.js'

/*
 * Reads CONNECT packets and writes their answers (CONNECT and CONNECT_ERROR), in Socket.IO protocols 3 and 5.
 */

/** What a CONNECT packet asks for. */
export interface ConnectPacket {
  readonly address: string
  /** A PacketRefusal, if the packet exceeds a limit. */
  readonly auth: object
}

/** Reads a CONNECT packet. In protocol 3, `auth` is the query string of the namespace. */
export function readConnect(connection: Connection, { nsp, data }: Packet): ConnectPacket {
  if (connection.protocol !== 3) return { address: nsp, auth: data }
  markExplicit(connection)
  const { pathname, searchParams } = new URL(nsp, 'https://socket.io')
  return { address: pathname, auth: Object.fromEntries(searchParams) }
}

/** Answers connects without Socket.IO. */
export interface ConnectAnswers {
  /** Repeats the CONNECT packet that Socket.IO sent when the socket connected. */
  accept(connection: Connection, socket: Socket): void
  refuse(connection: Connection, address: string, error: unknown): void
  /** Logs a refusal that the client is not sent. */
  logRefusal(address: string, code: string): void
}

export function createConnectAnswers(io: Encoding, log: FastifyBaseLogger): ConnectAnswers {
  function logRefusal(address: string, code: string): void {
    log.debug({ namespace: redactUrl(address).slice(0, 100), code }, 'connect refused')
  }

  /** The client's error, with the id under which the log has an error whose text the client does not receive. */
  function toClientError(address: string, error: unknown): WireError {
    const told = toWireError(error, log)
    // Fastify has logged its own errors. This one comes from Socket.IO or from a listener of the application.
    if (told.code !== 'FST_NSP_INTERNAL' || error instanceof ConnectRefusal) return told
    const id = randomUUID()
    logError(
      log,
      error,
      { namespace: redactUrl(address).slice(0, 100), code: told.code, errorId: id },
      'connect failed',
    )
    return { ...told, details: { id } }
  }

  return {
    accept(connection, socket) {
      const { id: sid, nsp } = socket
      const { pid } = socket as unknown as { readonly pid: string }
      const data = connection.protocol === 3 ? undefined : { sid, pid }
      writePacket(io, connection, { type: PacketType.CONNECT, nsp: nsp.name, data })
    },

    refuse(connection, address, error) {
      const { message, ...data } = toClientError(address, error)
      logRefusal(address, data.code)
      const isOld = connection.protocol === 3
      const told = isOld ? { ...data, message } : { message, data }
      const tell = () => writePacket(io, connection, { type: PacketType.CONNECT_ERROR, nsp: address, data: told })
      if (isOld && address === '/') refuseImplicit(connection, tell)
      else tell()
    },

    logRefusal,
  }
}
