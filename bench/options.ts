import { parseArgs } from 'node:util'
import { BASE, CONTENDERS, CONTROL, OURS } from './contenders.js'
import type { Effort } from './figure.js'
import { QUICK, shorten } from './quick.js'
import { RESULTS } from './results.js'
import { SCENARIOS, type Scenario } from './scenarios.js'

/*
 * Reads the options of the command line.
 */

export interface Options {
  readonly scenarios: readonly Scenario[]
  /** The contenders to measure; the base and its copy are always among them. */
  readonly names: readonly string[]
  readonly effort: Effort
  readonly isQuick: boolean
  /** A line that says what is left out; undefined if nothing is. */
  readonly leftOut: string | undefined
  readonly isCheck: boolean
  /** Whether the results are saved. */
  readonly isSaved: boolean
  /** The folder of results. */
  readonly out: string
}

const FULL: Effort = { sliceMs: 200, warmUp: 6, isWarm: true, rounds: 24, starts: 3, connections: 2_000 }

/** @throws an Error of one line if an option is wrong */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      only: { type: 'string' },
      with: { type: 'string' },
      out: { type: 'string', default: RESULTS },
      rounds: { type: 'string' },
      'slice-ms': { type: 'string' },
    },
  })
  const effort = values.quick ? QUICK : FULL
  const ids = SCENARIOS.map(({ id }) => id)
  const only = choose('scenario', ids, values.only)
  const everybody = CONTENDERS.map(({ name }) => name)
  const chosen = choose('contender', everybody, values.with ?? (values.check ? OURS.join() : undefined))
  const isWhole = only.length === ids.length && chosen.length === everybody.length && !values.quick
  const scenarios = SCENARIOS.filter(({ id }) => only.includes(id))
  // Scenarios and contenders that are asked for by name are always measured.
  const isShort = values.quick && values.only === undefined && values.with === undefined
  const names = everybody.filter((name) => chosen.includes(name) || name === BASE || name === CONTROL)
  return {
    ...(isShort ? shorten(scenarios, names) : { scenarios, names, leftOut: undefined }),
    effort: {
      ...effort,
      rounds: readNumber('rounds', values.rounds) ?? effort.rounds,
      sliceMs: readNumber('slice-ms', values['slice-ms']) ?? effort.sliceMs,
    },
    isQuick: values.quick,
    isCheck: values.check,
    isSaved: values.save || (isWhole && !values.check),
    out: values.out,
  }
}

/** The names of a list with commas; all known names without a list. */
function choose(kind: string, known: readonly string[], list: string | undefined): readonly string[] {
  if (list === undefined) return known
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`No ${kind} ${unknown}: there are ${known.join(', ')}`)
  return names
}

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} must be a whole number above 0: got ${text}`)
  return Number(text)
}
