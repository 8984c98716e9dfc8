import type { FastifyBaseLogger } from 'fastify'
import { logError } from '../../shared/log/error-log.js'

/*
 * Logs what a broker or another node has caused. Each kind is logged once a minute: a thousand a second may arrive.
 */

const REPORT_EVERY_MS = 60_000
const MOST_KINDS = 100

export type NodeReport = (error: unknown, what: string) => void

/** Creates the function that logs. `broker`: the kind, for each line. */
export function createReport(log: FastifyBaseLogger, broker: string, now: () => number): NodeReport {
  /** When each kind was last logged. */
  const reported = new Map<string, number>()

  return (error, what) => {
    const { name, code } = Object(error) as Partial<NodeJS.ErrnoException>
    // Its message may have a part of what was received.
    const kind = `${what} ${name} ${code}`
    if (now() - (reported.get(kind) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return
    if (reported.size >= MOST_KINDS) reported.clear()
    reported.set(kind, now())
    logError(log, error, { broker }, what)
  }
}
