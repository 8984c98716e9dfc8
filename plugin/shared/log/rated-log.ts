import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../limits.js'
import { logError } from './error-log.js'

/*
 * Rate-limits the log lines that clients can cause: for each kind, 10 lines at once, then one a second. The next written
 * line has the number of suppressed ones.
 */

const BURST = 10
const PER_SECOND = 1

// A handler may throw any number of different codes. Above this number, new kinds share one rate.
const MOST_KINDS = 32
const OTHERS = 'others'

interface Kind {
  tokens: number
  filledAt: number
  suppressed: number
}

/** The rates of the log lines of one socket, by kind. */
export class LogRates {
  readonly #now: Clock
  readonly #kinds = new Map<string, Kind>()

  constructor(now: Clock) {
    this.#now = now
  }

  /**
   * Asks to write a line of a kind.
   *
   * @returns how many lines of this kind were suppressed before it; undefined if this one is suppressed, too
   */
  take(kind: string): number | undefined {
    const at = this.#now()
    const known = this.#kindOf(kind, at)
    known.tokens = Math.min(BURST, known.tokens + ((at - known.filledAt) / 1_000) * PER_SECOND)
    known.filledAt = at
    if (known.tokens < 1) {
      known.suppressed++
      return undefined
    }
    known.tokens -= 1
    const { suppressed } = known
    known.suppressed = 0
    return suppressed
  }

  #kindOf(kind: string, at: number): Kind {
    const known = this.#kinds.get(kind)
    if (known) return known
    if (this.#kinds.size >= MOST_KINDS && kind !== OTHERS) return this.#kindOf(OTHERS, at)
    const made = { tokens: BURST, filledAt: at, suppressed: 0 }
    this.#kinds.set(kind, made)
    return made
  }
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/** A logger for lines that a client can cause. */
export class RatedLog {
  readonly #log: FastifyBaseLogger
  readonly #rates: LogRates

  constructor(log: FastifyBaseLogger, rates: LogRates) {
    this.#log = log
    this.#rates = rates
  }

  /**
   * Writes a line. Lines with the same message and code are one kind.
   *
   * @returns whether the line was written
   */
  write(level: Level, where: Readonly<Record<string, unknown>>, message: string): boolean {
    const suppressed = this.#rates.take(`${message} ${where.code ?? ''}`)
    if (suppressed === undefined) return false
    const { err, ...fields } = suppressed > 0 ? { ...where, suppressed } : where
    if (err === undefined) this.#log[level](fields, message)
    else logError({ error: (line, text) => this.#log[level](line, text) }, err, fields, message)
    return true
  }

  error(where: Readonly<Record<string, unknown>>, message: string): void {
    this.write('error', where, message)
  }
}

// The number of remembered hashes. A collision replaces one; its line may then be written again, within its rate.
const MOST_WORDS = 1_024

/** Hints for developers that clients can cause, e.g. an unknown event. Each is written once for each name, and rate-limited. */
export class Notices {
  readonly #log: RatedLog
  readonly #isDevelopment: boolean
  readonly #words = new Uint32Array(MOST_WORDS)

  /** @param isDevelopment - whether the hints are written as warnings */
  constructor(log: FastifyBaseLogger, rates: LogRates, isDevelopment: boolean) {
    this.#log = new RatedLog(log, rates)
    this.#isDevelopment = isDevelopment
  }

  /**
   * Writes a hint.
   *
   * @param quiet - its level in production
   * @param word - the name that the hint is about
   */
  write(quiet: 'debug' | 'info', word: string, where: Readonly<Record<string, unknown>>, message: string): void {
    const hash = hashOf(`${message} ${word.slice(0, 100)}`)
    if (this.#words[hash % MOST_WORDS] === hash) return
    this.#words[hash % MOST_WORDS] = hash
    this.#log.write(this.#isDevelopment ? 'warn' : quiet, where, message)
  }
}

/** The FNV-1a hash of a text, but never 0. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 1) + 1
}
