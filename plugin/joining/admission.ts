import type { FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import { StaleDecision } from '../engine/dismissed-users.js'
import { handshakeRequestOf } from '../engine/http/handshake-request.js'
import {
  FST_NSP_ADMISSION_TIMEOUT,
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_RATE_LIMITED,
} from '../shared/errors.js'
import { isWithin } from '../shared/limits.js'
import { after, contain } from '../shared/maybe-async.js'
import type { Connection, ReceiveConnect } from '../wire/packet-codec.js'
import { PacketRefusal } from '../wire/packet-limits.js'
import { type ConnectAnswers, type ConnectPacket, readConnect } from './connect-packet.js'
import { type Join, joinsOf } from './connection-joins.js'
import type { Admitted, Decide } from './join-decision.js'
import type { DynamicNamespaces } from './namespaces/dynamic-namespaces.js'
import type { PacketRates } from './packet-rates.js'
import { createPendingJoins, type PendingJoins } from './pending-joins.js'
import type { ClaimFor } from './sessions/session-claims.js'

/*
 * Admission: decides on each CONNECT packet where it is decoded, before Socket.IO sees it. A client that is refused causes
 * no dynamic namespace to be made and no recovered session to be restored. Each connect gets one answer, within
 * `admissionTimeoutMs`; a decision that comes later is ignored.
 */

export interface AdmissionOptions {
  readonly decide: Decide
  readonly children: Pick<DynamicNamespaces, 'hasRoomFor' | 'hold' | 'release' | 'whenFree'>
  readonly answers: ConnectAnswers
  readonly rates: Pick<PacketRates, 'takeJoin'>
  readonly namespacesPerConnection: number
  /** The time limit of a join, up to the moment its socket has connected. Milliseconds; 0 turns it off. */
  readonly timeoutMs: number
  /** Undefined if `connectionStateRecovery` is off. */
  readonly claimFor: ClaimFor | undefined
  /** Called with each socket that has connected to a namespace without a definition. */
  readonly screen: (socket: Socket) => void
}

export interface Admission extends Pick<PendingJoins, 'forget' | 'isDropped' | 'remove' | 'leave'> {
  /** The codec calls it with each CONNECT packet. */
  readonly receiveConnect: ReceiveConnect
  /**
   * Calls `enter` with the admitted request of a socket that Socket.IO has just made, synchronously; with undefined in a
   * namespace without a definition. A socket that was made without a CONNECT packet is admitted now; if it is refused, its
   * client receives the connect error and `enter` is not called.
   */
  resolveRequest(socket: Socket, enter: (request: FastifyRequest | undefined) => void): void
  /** Called when a socket has connected. */
  settle(socket: Socket): void
  /** From now on every connect is refused, including pending ones. */
  close(): void
}

/** A CONNECT packet as it was read, with its connection. */
interface ConnectTask extends ConnectPacket {
  readonly connection: Connection
  /** Milliseconds until the rate limit has a token for it; 0 if it had one. */
  readonly waitMs: number
  readonly pass: () => void
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { decide, children, answers, rates, namespacesPerConnection: limit, timeoutMs, claimFor, screen } = options
  const joins = createPendingJoins({ limit, timeoutMs, late: refuseLate })
  let isClosing = false

  function refuseLate(connection: object, address: string): void {
    // No CONNECT_ERROR while the server closes: a client that receives one stops reconnecting.
    if (!isClosing) answers.refuse(connection as Connection, address, new FST_NSP_ADMISSION_TIMEOUT())
  }

  function receive(received: ConnectTask, isLater = false): void {
    const { connection, address, auth, waitMs } = received
    const connectionJoins = joinsOf(connection)
    // A second CONNECT packet for the same address is answered by the pending one.
    if (connectionJoins.pending?.has(address)) return
    // Socket.IO handles a DISCONNECT packet in the next tick. One that was received just before this CONNECT may leave this
    // address, or free a place below the limit.
    if (!isLater && (connectionJoins.socketAt(address) || !isWithin(connectionJoins.count + 1, limit))) {
      process.nextTick(receiveLater, received)
      return
    }
    let join: Join | undefined
    contain(
      () => {
        const details = { retryAfterMs: waitMs }
        if (waitMs > 0) throw Object.assign(new FST_NSP_RATE_LIMITED(), { message: 'Too many joins', details })
        if (auth instanceof PacketRefusal) throw auth.error
        const begun = joins.begin(connection, address, auth)
        join = begun
        return after(decide(handshakeRequestOf(connection), address, auth, begun), (admitted) =>
          after(children.whenFree(address), () => (begun.isOver ? undefined : passOn(begun, admitted, received))),
        )
      },
      (error) => {
        if (!join?.isOver) fail(received, join, error)
      },
    )
  }

  /** Runs one tick later, for an address that the connection was still joined to or for a connection at its limit. */
  function receiveLater(received: ConnectTask): void {
    const { connection, address, waitMs } = received
    const socket = joinsOf(connection).socketAt(address)
    if (connection.readyState !== 'open') return
    if (!socket) receive(received, true)
    // The socket is still joined: both CONNECT packets are one join.
    else if (waitMs === 0) answers.accept(connection, socket)
  }

  /** Claims the session of an admitted join, then passes its CONNECT packet to Socket.IO. */
  function passOn(
    join: Join,
    { request, isDynamic, beginsAnew }: Admitted,
    { connection, pass }: ConnectTask,
  ): unknown {
    if (isClosing || connection.readyState !== 'open') throw new FST_NSP_CLOSING()
    if (isDynamic) hold(join)
    join.request = request
    if (beginsAnew) delete (join.auth as { pid?: unknown }).pid
    return after(beginsAnew ? undefined : claimFor?.(join, connection, request), () => {
      if (join.isOver || isClosing) return
      join.isPassed = true
      pass()
    })
  }

  function hold(join: Join): void {
    const { address } = join
    if (!children.hasRoomFor(address)) throw new FST_NSP_CHILDREN_LIMIT()
    children.hold(address)
    join.hold(() => children.release(address))
  }

  function fail(
    { connection, address }: Pick<ConnectTask, 'connection' | 'address'>,
    join: Join | undefined,
    error: unknown,
  ): void {
    if (error instanceof FST_NSP_CLOSING) {
      // No CONNECT_ERROR: a client that receives one stops reconnecting; one whose connection ends reconnects. If the
      // connection does not end, the join's time limit ends the join.
      answers.logRefusal(address, error.code)
      return
    }
    join?.end()
    // The client reconnects, with a new handshake and a new decision.
    if (error instanceof StaleDecision) connection.close()
    else answers.refuse(connection, address, error)
  }

  /** Admits a socket that was made without a CONNECT packet: that of `/`, of a client of protocol 3. */
  function admitLate(socket: Socket, enter: (request: FastifyRequest | undefined) => void): void {
    const { conn, nsp, handshake } = socket
    const join = joins.begin(conn, nsp.name, handshake.auth)
    Object.assign(join, { isPassed: true, socket })
    contain(
      () => after(decide(handshakeRequestOf(conn), nsp.name, handshake.auth, join), ({ request }) => enter(request)),
      (error) => {
        socket._cleanup()
        fail({ connection: conn as unknown as Connection, address: nsp.name }, join, error)
      },
    )
  }

  return {
    receiveConnect(connection, packet, pass) {
      const waitMs = rates.takeJoin(connection)
      receive({ connection, ...readConnect(connection, packet), waitMs, pass })
    },

    resolveRequest(socket, enter) {
      const join = joins.find(socket)
      if (!join) {
        admitLate(socket, enter)
        return
      }
      join.socket = socket
      enter(join.request)
    },

    settle(socket) {
      const join = joins.settle(socket)
      if (!join?.request) screen(socket)
    },

    forget: joins.forget,
    isDropped: joins.isDropped,
    remove: joins.remove,
    leave: joins.leave,

    close() {
      isClosing = true
    },
  }
}
