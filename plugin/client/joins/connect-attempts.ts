import type { Manager } from 'socket.io-client'
import { type CallError, retryAfterOf } from '../call-error.js'
import type { AuthRequest, ClientAuth } from '../client-options.js'

/*
 * The connects of a socket. Each asks for `auth`, and sends it, unless another connect has followed meanwhile. Which one follows by
 * itself, when the server has refused or disconnected the socket: at once one with a renewed `auth`, once for each join that it has
 * made possible; later one, when the server has refused for the moment; never a loop.
 */

const EXPIRED = ['FST_NSP_IDENTITY_EXPIRED', 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED']

/** A renewed `auth` that expires sooner is not renewed again. */
const LEAST_LIFETIME_MS = 1_000

/** The namespace that is joined. */
export type RequestedJoin = Omit<AuthRequest, 'isRenewal'>

interface ConnectAttempts {
  /** The socket's `auth`. */
  readonly sendAuth: (send: (auth: object) => void) => void
  /** Replaces the `auth` of the next connects. */
  readonly setAuth: (auth: ClientAuth) => void
  /** Whether a connect has been sent, and has no answer yet. */
  readonly isAsking: () => boolean
  /** Forgets the connect that is under way. */
  readonly forget: () => void
  /** Milliseconds until the next connect; undefined if the error is no matter of time. */
  readonly delayAfter: (error: CallError) => number | undefined
  /** Called when the server has accepted, or the application joins again. */
  readonly reset: () => void
}

/**
 * Waits as the Manager does when it reconnects: twice as long each time, with jitter, and as long as the server says at least.
 *
 * @param contract - is sent with each `auth`
 * @param onFailure - called when there is no `auth`, or one that can't be encoded
 */
export function createConnectAttempts(
  manager: Manager,
  request: RequestedJoin,
  auth: ClientAuth | undefined,
  contract: object,
  onFailure: (cause: unknown) => void,
): ConnectAttempts {
  let given = auth
  let latest = 0
  let isAsking = false
  let isRenewal = false
  let renewedAt = -LEAST_LIFETIME_MS
  let tries = 0

  return {
    sendAuth(send) {
      const mine = ++latest
      const write = async () => ({
        ...(typeof given === 'function' ? await given({ ...request, isRenewal }) : given),
        ...contract,
      })
      write()
        .then((auth) => {
          if (mine !== latest) return
          send(auth)
          isAsking = true
        })
        .catch((cause) => {
          if (mine === latest) onFailure(cause)
        })
    },

    setAuth(next) {
      given = next
    },

    isAsking: () => isAsking,

    forget() {
      latest++
      isAsking = false
    },

    delayAfter(error) {
      const now = performance.now()
      const canRenew = typeof given === 'function' && !isRenewal && now - renewedAt >= LEAST_LIFETIME_MS
      if (canRenew && EXPIRED.includes(error.code)) {
        isRenewal = true
        renewedAt = now
        return 0
      }
      if (![429, 503].includes(error.statusCode)) return undefined
      return Math.max(
        Math.min(manager.reconnectionDelayMax(), manager.reconnectionDelay() * 2 ** tries++) *
          (0.5 + Math.random() / 2),
        retryAfterOf(error),
      )
    },

    reset() {
      isRenewal = false
      tries = 0
    },
  }
}
