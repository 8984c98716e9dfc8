/*
 * Whether an expired `auth` is renewed: once for each join that it has made possible, never in a loop.
 */

const EXPIRED = ['FST_NSP_IDENTITY_EXPIRED', 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED']

/** A renewed `auth` that expires sooner is not renewed again. */
const LEAST_LIFETIME_MS = 1_000

interface AuthRenewal {
  /** Whether the next `auth` is a renewal. */
  readonly isRenewing: () => boolean
  /** Begins a renewal, if this code asks for one and the last one has helped. */
  readonly begin: (code: string) => boolean
  /** Called when the server has accepted an `auth`, or the application joins again. */
  readonly end: () => void
}

export function createAuthRenewal(): AuthRenewal {
  let isRenewing = false
  let renewedAt = Number.NEGATIVE_INFINITY
  return {
    isRenewing: () => isRenewing,
    begin(code) {
      const now = performance.now()
      if (isRenewing || !EXPIRED.includes(code) || now - renewedAt < LEAST_LIFETIME_MS) return false
      isRenewing = true
      renewedAt = now
      return true
    },
    end() {
      isRenewing = false
    },
  }
}
