import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Server, Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import { toUserId, type UserId } from '../definition/user-id.js'
import { type DismissedUsers, StaleDecision } from '../engine/dismissed-users.js'
import { findRequest } from '../engine/http/connect-request.js'
import { handshakeRequestOf } from '../engine/http/handshake-request.js'
import { expiryOf, setAlarm } from '../joining/expiry.js'
import type { Users } from '../joining/request-users.js'
import { toWireError, type WireError } from '../shared/client-error.js'
import { FST_NSP_IDENTITY_EXPIRED, FST_NSP_USER_DISCONNECTED, FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { contain } from '../shared/maybe-async.js'
import { writePacket } from '../wire/packet-codec.js'
import { speaksToOthers } from './adapter-features.js'

/*
 * Whose socket is whose, for as long as it is: an identity ends with its socket, when it expires, or when its user is
 * disconnected. Then the client is told why, and stays away until it has decided what to do.
 */

/** The emit that says why, just before Socket.IO's disconnect. A wire format. */
const FAREWELL = 'namespace:disconnect'

/** Between the nodes of a cluster. A wire format. */
const DISCONNECT_USER = 'fastify-namespaces:disconnect-user'

const EXPIRED = toWireError(new FST_NSP_IDENTITY_EXPIRED())
const DISCONNECTED = toWireError(new FST_NSP_USER_DISCONNECTED())

export interface IdentitiesOptions {
  readonly io: Server
  readonly users: Users
  readonly dismissed: DismissedUsers
  /** Whether a namespace has a definition: the sockets of others are looked for, nobody keeps their identities. */
  readonly isMounted: (namespace: string) => boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: FastifyBaseLogger
}

export interface Identities {
  /** How many users have sockets in mounted namespaces. */
  readonly size: number
  /**
   * From now on the socket is that of the request's user, until that identity expires.
   * out: false for a socket that has gone, or has to: its user was disconnected since the decision on the request began.
   * throws what `userIdOf` throws.
   */
  keep(socket: Socket, request: FastifyRequest): boolean
  /** Meets a socket in a namespace without a definition; it, too, may have to go. */
  meet(socket: Socket): void
  /** Hears of a socket that has gone. */
  release(socket: Socket): void
  /** The sockets of a user on this node. in: the id as a text. */
  socketsOf(id: string): Socket[]
  /** See FastifyInstance. */
  disconnectUser(id: UserId, reason?: string): number
}

interface Identity {
  readonly userId: string | undefined
  readonly cancelExpiry: () => void
}

export function createIdentities(options: IdentitiesOptions): Identities {
  const { io, users, dismissed, isMounted, now, log } = options
  /** Of each socket that has a user, or whose identity ends. */
  const identities = new Map<Socket, Identity>()
  const kept = new Map<string, Set<Socket>>()
  const root = io.of('/')

  function release(socket: Socket): void {
    const identity = identities.get(socket)
    if (!identity) return
    identities.delete(socket)
    identity.cancelExpiry()
    const { userId } = identity
    if (userId === undefined) return
    const sockets = kept.get(userId) as Set<Socket>
    sockets.delete(socket)
    if (sockets.size === 0) kept.delete(userId)
  }

  /** Tells a socket why, and disconnects it. */
  function dismiss(socket: Socket, why: WireError): void {
    if (!socket.connected) return
    const nsp = socket.nsp.name
    log.debug({ namespace: nsp, socketId: socket.id, code: why.code }, 'socket disconnected')
    contain(
      // Now, and to this socket only: with a recovery, Socket.IO's own emit goes through the adapter, which may take its time.
      () => writePacket(io, socket.conn, { type: PacketType.EVENT, nsp, data: [FAREWELL, why] }),
      (error) => logError(log, error, { namespace: nsp, socketId: socket.id }, 'a farewell can not be sent'),
    )
    socket.disconnect()
  }

  /** Lets a socket go whose screening has failed, when everybody has met it. */
  function isIn(socket: Socket, screen: () => unknown): boolean {
    try {
      screen()
      return true
    } catch (error) {
      queueMicrotask(() => {
        if (error instanceof StaleDecision) socket.conn.close()
        else dismiss(socket, toWireError(error))
      })
      return false
    }
  }

  function isOf(id: string, socket: Socket): boolean {
    try {
      const request = findRequest(socket)
      return request !== undefined && users.idOf(request) === id
    } catch (error) {
      logError(log, error, { namespace: socket.nsp.name, socketId: socket.id }, 'userIdOf failed')
      return false
    }
  }

  function socketsOf(id: string): Socket[] {
    const others = [...io._nsps.values()].filter(({ name }) => !isMounted(name))
    const unkept = others.flatMap(({ sockets }) => [...sockets.values()]).filter((socket) => isOf(id, socket))
    return [...(kept.get(id) ?? []), ...unkept]
  }

  function disconnectHere(id: string, message: string): number {
    dismissed.add(id, message)
    const sockets = socketsOf(id)
    for (const socket of sockets) dismiss(socket, { ...DISCONNECTED, message })
    return sockets.length
  }

  root.on(DISCONNECT_USER, (id: unknown, message: unknown) => disconnectHere(String(id), toMessage(message)))

  return {
    get size() {
      return kept.size
    },

    keep(socket, request) {
      const userId = users.idOf(request)
      if (!socket.connected) return false
      release(socket)
      if (dismissed.isAny(request) && !isIn(socket, () => users.screen(request))) return false
      const expiry = expiryOf(request)
      if (userId === undefined && expiry === Number.POSITIVE_INFINITY) return true
      const cancelExpiry = setAlarm(expiry, now, () => dismiss(socket, EXPIRED))
      identities.set(socket, { userId, cancelExpiry })
      if (userId !== undefined) kept.set(userId, (kept.get(userId) ?? new Set()).add(socket))
      return true
    },

    meet(socket) {
      const raw = handshakeRequestOf(socket.conn)
      if (dismissed.isAny(raw)) isIn(socket, () => users.screenHandshake(raw))
    },

    release,

    socketsOf,

    disconnectUser(id, reason) {
      const { adapter } = root
      const message = toMessage(reason)
      const userId = toUserId(id)
      if (userId === undefined) throw new FST_NSP_USER_ID_INVALID(String(id))
      if (speaksToOthers(adapter)) {
        contain(
          () => adapter.serverSideEmit([DISCONNECT_USER, userId, message]),
          (error) => logError(log, error, {}, 'a user was not disconnected on other nodes'),
        )
      }
      return disconnectHere(userId, message)
    },
  }
}

/** What a client is told: a reason that is no text has none to tell. */
function toMessage(reason: unknown): string {
  return typeof reason === 'string' ? reason : DISCONNECTED.message
}
