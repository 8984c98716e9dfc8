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
import { type Join, joiningOf } from './connection-joins.js'
import type { Admitted, Decide } from './join-decision.js'
import type { Children } from './namespaces/dynamic-namespaces.js'
import type { PacketRates } from './packet-rates.js'
import { createPendingJoins, type PendingJoins } from './pending-joins.js'

/*
 * From a CONNECT packet to a socket that may exist. A connect is decided on where it is decoded, before Socket.IO sees it:
 * nothing exists for a client that is not admitted, neither a dynamic namespace, nor a recovered session with what it has
 * missed. Every connect is answered once, within the time of an admission; what comes later is not heard.
 */

export interface AdmissionOptions {
  readonly decide: Decide
  readonly children: Pick<Children, 'hasRoomFor' | 'hold' | 'release' | 'whenFree'>
  readonly answers: ConnectAnswers
  readonly rates: Pick<PacketRates, 'takeJoin'>
  readonly namespacesPerConnection: number
  /** Longest that a join may take, until its socket has connected. Milliseconds, 0 for no bound. */
  readonly timeoutMs: number
  /** Whether sessions are recovered. */
  readonly isRecovering: boolean
  /** Hears of a socket in a namespace without a definition that has connected. */
  readonly meet: (socket: Socket) => void
}

export interface Admission extends Pick<PendingJoins, 'forget' | 'isDropped' | 'remove' | 'leave'> {
  /** Given to the codec. */
  readonly receiveConnect: ReceiveConnect
  /**
   * Gives the request of a socket that Socket.IO has made to `enter`, none in a namespace without a definition, at once. One
   * that came without a packet is admitted now; where it is refused, it is told, and `enter` is not called.
   */
  redeem(socket: Socket, enter: (request: FastifyRequest | undefined) => void): void
  /** Hears of a socket that has connected. */
  settle(socket: Socket): void
  /** Refuses every connect from now on, those under way included. */
  close(): void
}

/** A CONNECT packet, and whose it is. */
interface Asked extends ConnectPacket {
  readonly connection: Connection
  /** Until there is a token for it; 0 if there was one. */
  readonly waitMs: number
  readonly pass: () => void
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { decide, children, answers, rates, namespacesPerConnection: limit, timeoutMs, isRecovering, meet } = options
  const joins = createPendingJoins({ limit, timeoutMs, late: refuseLate })
  let isClosing = false

  function refuseLate(connection: object, address: string): void {
    // Told so while the server closes, a client would stay away.
    if (!isClosing) answers.refuse(connection as Connection, address, new FST_NSP_ADMISSION_TIMEOUT())
  }

  function receive(asked: Asked, isLater = false): void {
    const { connection, address, auth, waitMs } = asked
    const joining = joiningOf(connection)
    // The same join once more has the answer of the first.
    if (joining.pending?.has(address)) return
    // A leave that came just before it has a turn of its own with Socket.IO: of this address, or of one that gives a place back.
    if (!isLater && (joining.socketAt(address) || !isWithin(joining.count + 1, limit))) {
      process.nextTick(receiveLater, asked)
      return
    }
    let join: Join | undefined
    contain(
      () => {
        if (waitMs > 0) throw joinTooMany(waitMs)
        if (auth instanceof PacketRefusal) throw auth.error
        const begun = joins.begin(connection, address, auth)
        join = begun
        return after(decide(handshakeRequestOf(connection), address, auth, begun), (admitted) =>
          after(children.whenFree(address), () => (begun.isOver ? undefined : hand(begun, admitted, asked))),
        )
      },
      (error) => {
        if (!join?.isOver) fail(asked, join, error)
      },
    )
  }

  /** A connect of a socket that is there, or was there a moment ago, or for which there was no place. */
  function receiveLater(asked: Asked): void {
    const { connection, address, waitMs } = asked
    const socket = joiningOf(connection).socketAt(address)
    if (connection.readyState !== 'open') return
    if (!socket) receive(asked, true)
    // It is one join, and this was its answer.
    else if (waitMs === 0) answers.accept(connection, socket)
  }

  /** Hands an admitted connect on to Socket.IO. */
  function hand(join: Join, { request, isDynamic, beginsAnew }: Admitted, { connection, pass }: Asked): void {
    if (isClosing || connection.readyState !== 'open') throw new FST_NSP_CLOSING()
    if (isDynamic) hold(join)
    join.request = request
    // Socket.IO recovers nobody without an offset: the stock client has none before its first event.
    const auth = join.auth as { pid?: unknown; offset?: unknown }
    if (beginsAnew) delete auth.pid
    else if (isRecovering && typeof auth.pid === 'string') auth.offset ??= ''
    join.isPassed = true
    pass()
  }

  function hold(join: Join): void {
    const { address } = join
    if (!children.hasRoomFor(address)) throw new FST_NSP_CHILDREN_LIMIT()
    children.hold(address)
    join.hold(() => children.release(address))
  }

  function fail(
    { connection, address }: Pick<Asked, 'connection' | 'address'>,
    join: Join | undefined,
    error: unknown,
  ): void {
    if (error instanceof FST_NSP_CLOSING) {
      // Told so, a client would stay away; left alone, it comes back by itself when its connection ends. Should that not
      // end, the time of the join does.
      answers.logRefusal(address, error.code)
      return
    }
    join?.end()
    // Its client comes back by itself, with a handshake that is decided on anew.
    if (error instanceof StaleDecision) connection.close()
    else answers.refuse(connection, address, error)
  }

  /** Of a socket that came without a packet of its own: that of `/`, of a client of protocol 3. */
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

    redeem(socket, enter) {
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
      if (!join?.request) meet(socket)
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

function joinTooMany(retryAfterMs: number): Error {
  return Object.assign(new FST_NSP_RATE_LIMITED(), { message: 'Too many joins', details: { retryAfterMs } })
}
