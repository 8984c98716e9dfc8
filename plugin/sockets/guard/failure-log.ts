import type { FastifyBaseLogger } from 'fastify'
import { logError } from '../../shared/log/error-log.js'

/*
 * Logs what fails between the nodes of a cluster. A broker may deliver a thousand malformed messages a second: each kind of
 * failure is one line a minute.
 */

const EVERY_MS = 60_000
const KINDS_LIMIT = 100

/** Logs a failure. Failures with the same text, the same class of error and the same code are one kind. */
export type FailureLog = (error: unknown, namespace: string, what: string) => void

export function createFailureLog(log: FastifyBaseLogger): FailureLog {
  // When each kind was last logged.
  const reported = new Map<string, number>()
  return (error, namespace, what) => {
    const { name, code } = Object(error) as Partial<NodeJS.ErrnoException>
    // Its message may contain a part of what was received.
    const kind = `${what} ${name} ${code}`
    const now = performance.now()
    if (now - (reported.get(kind) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return
    if (reported.size >= KINDS_LIMIT) reported.clear()
    reported.set(kind, now)
    logError(log, error, { namespace }, what)
  }
}
