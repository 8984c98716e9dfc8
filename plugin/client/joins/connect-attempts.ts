/*
 * The connects of a socket. Each asks for `auth`, and sends it, unless another connect has followed meanwhile.
 */

interface ConnectAttempts {
  /** The socket's `auth`. */
  readonly sendAuth: (send: (auth: object) => void) => void
  /** Whether a connect has been sent, and has no answer yet. */
  readonly isAsking: () => boolean
  /** Forgets the connect that is under way. */
  readonly forget: () => void
}

/** @param onFailure - called when there is no `auth`, or one that can't be encoded */
export function createConnectAttempts(
  authenticate: () => Promise<object>,
  onFailure: (cause: unknown) => void,
): ConnectAttempts {
  let latest = 0
  let isAsking = false
  return {
    sendAuth(send) {
      const mine = ++latest
      authenticate()
        .then((auth) => {
          if (mine !== latest) return
          send(auth)
          isAsking = true
        })
        .catch((cause) => {
          if (mine === latest) onFailure(cause)
        })
    },

    isAsking: () => isAsking,

    forget() {
      latest++
      isAsking = false
    },
  }
}
