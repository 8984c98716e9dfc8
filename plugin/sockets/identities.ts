import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Server, Socket } from 'socket.io'
import { toUserId, type UserId } from '../definition/user-id.js'
import { type DismissedUsers, StaleDecision } from '../engine/dismissed-users.js'
import { findRequest } from '../engine/http/connect-request.js'
import { handshakeRequestOf } from '../engine/http/handshake-request.js'
import { expiryOf, scheduleAt } from '../joining/expiry.js'
import type { Users } from '../joining/request-users.js'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_IDENTITY_EXPIRED, FST_NSP_USER_DISCONNECTED, FST_NSP_USER_ID_INVALID } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { contain } from '../shared/maybe-async.js'
import type { WireError } from '../shared/wire-error.js'
import { isClusterAdapter } from './adapter-features.js'
import { writeDisconnectNotice } from './disconnect-notice.js'
import { revokeSessions } from './recovery/keep-session.js'

/*
 * Which user each socket belongs to. An identity ends with its socket, when it expires, or with `disconnectUser`. In the last
 * two cases the client receives the reason and does not reconnect by itself.
 */

/** Sent between the nodes of a cluster. A wire format. */
const DISCONNECT_USER = 'fastify-namespaces:disconnect-user'

const EXPIRED = toWireError(new FST_NSP_IDENTITY_EXPIRED())
const DISCONNECTED = toWireError(new FST_NSP_USER_DISCONNECTED())

export interface IdentitiesOptions {
  readonly io: Server
  readonly users: Users
  readonly dismissed: DismissedUsers
  /** Whether a namespace has a definition. Without one, identities are not stored: its sockets are searched. */
  readonly isMounted: (namespace: string) => boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: FastifyBaseLogger
}

export interface Identities {
  /** How many users have sockets in mounted namespaces. */
  readonly size: number
  /**
   * Assigns a socket to the user of a request, until that identity expires.
   *
   * @returns false for a socket that has disconnected, or is about to: its user was disconnected since the decision on the
   * request began
   * @throws what `userIdOf` throws
   */
  keep(socket: Socket, request: FastifyRequest): boolean
  /** Disconnects a socket of a namespace without a definition if its user was disconnected since its handshake. */
  screen(socket: Socket): void
  /** Called when a socket has disconnected. */
  release(socket: Socket): void
  /** The user's id of a socket in a mounted namespace. */
  userOf(socket: Socket): string | undefined
  /** The sockets of a user on this node, by the user's id as a string. */
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
  /** Of each socket with a user or with an expiry. */
  const identities = new Map<Socket, Identity>()
  const socketsByUser = new Map<string, Set<Socket>>()
  const root = io.of('/')

  function release(socket: Socket): void {
    const identity = identities.get(socket)
    if (!identity) return
    identities.delete(socket)
    identity.cancelExpiry()
    const { userId } = identity
    if (userId === undefined) return
    const sockets = socketsByUser.get(userId) as Set<Socket>
    sockets.delete(socket)
    if (sockets.size === 0) socketsByUser.delete(userId)
  }

  /** Sends the reason to a socket, and disconnects it. */
  function dismiss(socket: Socket, why: WireError): void {
    if (!socket.connected) return
    const nsp = socket.nsp.name
    log.debug({ namespace: nsp, socketId: socket.id, code: why.code }, 'socket disconnected')
    writeDisconnectNotice(io, socket, why, log)
    socket.disconnect()
  }

  /** Disconnects a socket if `screen` throws, after all `connection` listeners have run. */
  function isAllowed(socket: Socket, screen: () => unknown): boolean {
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
    const undefinedNamespaces = [...io._nsps.values()].filter(({ name }) => !isMounted(name))
    const untracked = undefinedNamespaces
      .flatMap(({ sockets }) => [...sockets.values()])
      .filter((socket) => isOf(id, socket))
    return [...(socketsByUser.get(id) ?? []), ...untracked]
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
      return socketsByUser.size
    },

    keep(socket, request) {
      const userId = users.idOf(request)
      if (!socket.connected) return false
      release(socket)
      if (dismissed.isAny(request) && !isAllowed(socket, () => users.screen(request))) return false
      const expiry = expiryOf(request)
      if (userId === undefined && expiry === Number.POSITIVE_INFINITY) return true
      const cancelExpiry = scheduleAt(expiry, now, () => dismiss(socket, EXPIRED))
      identities.set(socket, { userId, cancelExpiry })
      if (userId !== undefined) socketsByUser.set(userId, (socketsByUser.get(userId) ?? new Set()).add(socket))
      return true
    },

    screen(socket) {
      const raw = handshakeRequestOf(socket.conn)
      if (dismissed.isAny(raw)) isAllowed(socket, () => users.screenHandshake(raw))
    },

    release,

    userOf: (socket) => identities.get(socket)?.userId,

    socketsOf,

    disconnectUser(id, reason) {
      const { adapter } = root
      const message = toMessage(reason)
      const userId = toUserId(id)
      if (userId === undefined) throw new FST_NSP_USER_ID_INVALID(String(id))
      if (isClusterAdapter(adapter)) {
        contain(
          () => adapter.serverSideEmit([DISCONNECT_USER, userId, message]),
          (error) => logError(log, error, {}, 'a user was not disconnected on other nodes'),
        )
        revokeSessions(root, userId)
      }
      return disconnectHere(userId, message)
    },
  }
}

/** The client's message; the default one for a reason that is not a string. */
function toMessage(reason: unknown): string {
  return typeof reason === 'string' ? reason : DISCONNECTED.message
}
