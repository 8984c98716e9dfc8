import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../limits.js'
import { logError } from './error-log.js'

/*
 * Log lines that a client can cause: of each kind a few at once, then one a second. The next that is written says how many
 * were left out.
 */

const BURST = 10
const PER_SECOND = 1

// A handler may make up as many codes as it likes.
const MOST_KINDS = 32
const OTHERS = 'others'

interface Kind {
  tokens: number
  filledAt: number
  suppressed: number
}

/** The rates of one socket's lines, by their kind. */
export class LogRates {
  readonly #now: Clock
  readonly #kinds = new Map<string, Kind>()

  constructor(now: Clock) {
    this.#now = now
  }

  /** Takes a line of that kind. out: how many were left out before it; undefined where it is left out, too. */
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

/** A log of lines that a client can cause. */
export class RatedLog {
  readonly #log: FastifyBaseLogger
  readonly #rates: LogRates

  constructor(log: FastifyBaseLogger, rates: LogRates) {
    this.#log = log
    this.#rates = rates
  }

  /** Writes a line; it is of one kind with those of its message and code. out: whether it was written. */
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

// So many words are remembered, by their hashes; one may push another out, which is logged once more, and rated all the same.
const MOST_WORDS = 1_024

/** Log lines of what its developer will want to know, and a client can cause: each once for a word, and rated. */
export class Notices {
  readonly #log: RatedLog
  readonly #isLoud: boolean
  readonly #words = new Uint32Array(MOST_WORDS)

  /** `isLoud`: in development; then they are warnings. */
  constructor(log: FastifyBaseLogger, rates: LogRates, isLoud: boolean) {
    this.#log = new RatedLog(log, rates)
    this.#isLoud = isLoud
  }

  /** Writes a line, at level `quiet` in production. */
  write(quiet: 'debug' | 'info', word: string, where: Readonly<Record<string, unknown>>, message: string): void {
    const hash = hashOf(`${message} ${word.slice(0, 100)}`)
    if (this.#words[hash % MOST_WORDS] === hash) return
    this.#words[hash % MOST_WORDS] = hash
    this.#log.write(this.#isLoud ? 'warn' : quiet, where, message)
  }
}

/** FNV-1a; it is never 0. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 1) + 1
}
