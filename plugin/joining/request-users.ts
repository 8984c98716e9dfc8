import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { toUserId, userIdOfRequest } from '../definition/user-id.js'
import type { DismissedUsers } from '../engine/dismissed-users.js'
import { handshakeOf } from '../engine/http/connect-request.js'
import { FST_NSP_USER_DISCONNECTED } from '../shared/errors.js'
import { type ErrorLog, logError } from '../shared/log/error-log.js'

/*
 * Whose a request is, and whether that user was disconnected while it was decided on.
 */

export interface UsersOptions {
  /** Default: the `id` of the request's user, or its `sub`. */
  readonly userIdOf?: ((request: FastifyRequest) => unknown) | undefined
  readonly dismissed: DismissedUsers
  /** How long a session waits to be recovered. Milliseconds; default: Socket.IO's. */
  readonly recoveryMs?: number | undefined
  readonly log: ErrorLog
}

export interface Users {
  /** Undefined for nobody. throws what `userIdOf` throws, and FST_NSP_USER_ID_INVALID. */
  idOf(request: FastifyRequest): string | undefined
  /** The same, but where that fails: then it is nobody's. */
  ownerOf(request: FastifyRequest): string | undefined
  /**
   * Looks whether who is let in is out already.
   * out: whether a session of that user may be older than that, and is not to be recovered.
   * throws FST_NSP_USER_DISCONNECTED, StaleDecision, and what `idOf` throws.
   */
  screen(request: FastifyRequest): boolean
  /** The same of a namespace without a definition, where the handshake was the decision; whose it is may fail there. */
  screenHandshake(raw: IncomingMessage): boolean
}

const DEFAULT_RECOVERY_MS = 120_000

export function createUsers(options: UsersOptions): Users {
  const { userIdOf = userIdOfRequest, dismissed, recoveryMs = DEFAULT_RECOVERY_MS, log } = options

  function idOf(request: FastifyRequest): string | undefined {
    return toUserId(userIdOf(request))
  }

  /** `decided` knows when the decision began. */
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
      // Most servers disconnect nobody: whose it is, is not asked before.
      return request !== undefined && dismissed.count > 0 && check(ownerOf(request), raw)
    },
  }
}
