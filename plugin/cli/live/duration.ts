import { CliError } from '../cli-error.js'

/*
 * Durations as people write them: 500ms, 5s, 2m; a bare number is milliseconds.
 */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

// A timer of Node.js with a longer time ends at once.
const LONGEST_MS = 24 * 24 * 60 * 60_000

/** @throws CliError naming the option */
export function parseDuration(text: string, option: string): number {
  const [, amount, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  if (amount === undefined) throw new CliError(`${option} has to be a duration, e.g. 500ms, 5s or 2m`, 2)
  const milliseconds = Number(amount) * (UNITS[unit] as number)
  if (milliseconds <= LONGEST_MS) return milliseconds
  throw new CliError(`${option} has to be 24 days at most`, 2)
}

/** @throws CliError naming the option */
export function parseCount(text: string, option: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new CliError(`${option} has to be a whole number, at least 1`, 2)
}
