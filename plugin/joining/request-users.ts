import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { toUserId, userIdOfRequest } from '../definition/user-id.js'
import type { DismissedUsers } from '../engine/dismissed-users.js'
import { handshakeOf } from '../engine/http/connect-request.js'
import { FST_NSP_USER_DISCONNECTED } from '../shared/errors.js'
import { type ErrorLog, logError } from '../shared/log/error-log.js'

/*
 * Reads the user of a request, and refuses users that `disconnectUser` disconnected while their join was being decided.
 */

export interface UsersOptions {
  /** @defaultValue the `id` of `request.user`, or its `sub` */
  readonly userIdOf?: ((request: FastifyRequest) => unknown) | undefined
  readonly dismissed: DismissedUsers
  /** How long a lost session can be recovered. Milliseconds; default: Socket.IO's. */
  readonly recoveryMs?: number | undefined
  readonly log: ErrorLog
}

export interface Users {
  /**
   * The user's id; undefined without a user.
   *
   * @throws what `userIdOf` throws, and FST_NSP_USER_ID_INVALID
   */
  idOf(request: FastifyRequest): string | undefined
  /** Like `idOf`, but logs an error and returns undefined. */
  ownerOf(request: FastifyRequest): string | undefined
  /**
   * Checks that the user was not disconnected since the decision began.
   *
   * @returns whether a recoverable session of the user may be older than a recent `disconnectUser`, and must not be recovered
   * @throws FST_NSP_USER_DISCONNECTED, StaleDecision, and what `idOf` throws
   */
  screen(request: FastifyRequest): boolean
  /** The same for a namespace without a definition, where the handshake was the decision. An error of `userIdOf` is logged. */
  screenHandshake(raw: IncomingMessage): boolean
}

const DEFAULT_RECOVERY_MS = 120_000

export function createUsers(options: UsersOptions): Users {
  const { userIdOf = userIdOfRequest, dismissed, recoveryMs = DEFAULT_RECOVERY_MS, log } = options

  function idOf(request: FastifyRequest): string | undefined {
    return toUserId(userIdOf(request))
  }

  /** `decided` is the object that is marked with the time when its decision began. */
  function check(userId: string | undefined, decided: object): boolean {
    if (userId === undefined || dismissed.count === 0) return false
    const message = dismissed.find(userId, decided)
    if (message !== undefined) throw Object.assign(new FST_NSP_USER_DISCONNECTED(), { message })
    return dismissed.isRecent(userId, recoveryMs)
  }

  function ownerOf(request: FastifyRequest): string | undefined {
    try {
      return idOf(request)
    } catch (error) {
      logError(log, error, {}, 'userIdOf failed')
      return undefined
    }
  }

  return {
    idOf,
    ownerOf,

    screen: (request) => check(idOf(request), request),

    screenHandshake(raw) {
      const request = handshakeOf(raw)
      // Most servers never call disconnectUser: the user is not read before they do.
      return request !== undefined && dismissed.count > 0 && check(ownerOf(request), raw)
    },
  }
}
