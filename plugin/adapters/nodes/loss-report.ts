import type { FastifyBaseLogger } from 'fastify'
import { logError } from '../../shared/log/error-log.js'

/*
 * Logs when the connection to the broker is lost, and when it is back: two lines, or none. A network may fail every second: there is one
 * pair a minute. A loss that is left out is told later, if it lasts.
 */

const TELL_EVERY_MS = 60_000

export interface LossReportOptions {
  readonly log: FastifyBaseLogger
  /** The kind of the broker, for each line. */
  readonly broker: string
  readonly now: () => number
  /** Milliseconds from one line about a loss to the next. */
  readonly everyMs?: number
}

export class LossReport {
  readonly #options: LossReportOptions
  #toldAt = Number.NEGATIVE_INFINITY
  /** Whether the loss that lasts has been told. */
  #isTold = false
  #later: NodeJS.Timeout | undefined

  constructor(options: LossReportOptions) {
    this.#options = options
  }

  lost(error: Error): void {
    const { now, everyMs = TELL_EVERY_MS } = this.#options
    const restMs = this.#toldAt + everyMs - now()
    if (restMs <= 0) this.#tell(error)
    else this.#later = setTimeout(() => this.#tell(error), restMs).unref()
  }

  /** Called when the connection is there, at first or again. */
  connected(): void {
    clearTimeout(this.#later)
    if (!this.#isTold) return
    this.#isTold = false
    const { log, broker } = this.#options
    log.warn({ broker }, 'the connection to the broker is back')
  }

  close(): void {
    clearTimeout(this.#later)
  }

  #tell(error: Error): void {
    const { log, broker, now } = this.#options
    this.#toldAt = now()
    this.#isTold = true
    logError(log, error, { broker }, 'the connection to the broker was lost')
  }
}
