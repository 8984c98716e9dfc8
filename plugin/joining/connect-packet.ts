import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import { type Packet, PacketType } from 'socket.io-parser'
import { ConnectRefusal, toWireError, type WireError } from '../shared/client-error.js'
import { logError } from '../shared/log/error-log.js'
import { redactUrl } from '../shared/log/redaction.js'
import { type Connection, type Encoding, writePacket } from '../wire/packet-codec.js'
import { markAsked, tellUnasked } from './implicit-connect.js'

/*
 * A CONNECT packet, as it is read and as it is answered, in both protocols.
 */

/** What a client asks for. */
export interface ConnectPacket {
  readonly address: string
  /** A PacketRefusal, if it breaks a bound. */
  readonly auth: object
}

/** In protocol 3 the auth is a query of the name. */
export function readConnect(connection: Connection, { nsp, data }: Packet): ConnectPacket {
  if (connection.protocol !== 3) return { address: nsp, auth: data }
  markAsked(connection)
  const { pathname, searchParams } = new URL(nsp, 'https://socket.io')
  return { address: pathname, auth: Object.fromEntries(searchParams) }
}

/** Answers connects past Socket.IO. */
export interface ConnectAnswers {
  /** Says once more what Socket.IO has said when a socket had connected. */
  accept(connection: Connection, socket: Socket): void
  refuse(connection: Connection, address: string, error: unknown): void
  /** Refuses without a word. */
  logRefusal(address: string, code: string): void
}

export function createConnectAnswers(io: Encoding, log: FastifyBaseLogger): ConnectAnswers {
  function logRefusal(address: string, code: string): void {
    log.debug({ namespace: redactUrl(address).slice(0, 100), code }, 'connect refused')
  }

  /** With the id under which the log has an error that is not told. */
  function wordsOf(address: string, error: unknown): WireError {
    const told = toWireError(error, log)
    // Fastify has logged what it has answered; this is of Socket.IO, or of a listener of the application.
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
      const { message, ...data } = wordsOf(address, error)
      logRefusal(address, data.code)
      const isOld = connection.protocol === 3
      const told = isOld ? { ...data, message } : { message, data }
      const tell = () => writePacket(io, connection, { type: PacketType.CONNECT_ERROR, nsp: address, data: told })
      if (isOld && address === '/') tellUnasked(connection, tell)
      else tell()
    },

    logRefusal,
  }
}
