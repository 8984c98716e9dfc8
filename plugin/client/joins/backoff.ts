import type { Manager } from 'socket.io-client'
import type { CallError } from '../call-error.js'

/*
 * How long a client waits before it joins again, when the server has refused for the moment.
 */

interface Backoff {
  /** Milliseconds to wait; undefined if the error is no matter of time. */
  readonly delayFor: (error: CallError) => number | undefined
  /** Called when the server has accepted. */
  readonly reset: () => void
}

/** Waits as the Manager does when it reconnects: twice as long each time, with jitter, and as long as the server says at least. */
export function createBackoff(manager: Manager): Backoff {
  let tries = 0
  return {
    delayFor({ statusCode, details }) {
      if (statusCode !== 429 && statusCode !== 503) return undefined
      const delay = Math.min(manager.reconnectionDelayMax(), manager.reconnectionDelay() * 2 ** tries++)
      const { retryAfterMs } = Object(details)
      return Math.max(delay * (0.5 + Math.random() / 2), Number.isFinite(retryAfterMs) ? retryAfterMs : 0)
    },
    reset() {
      tries = 0
    },
  }
}
