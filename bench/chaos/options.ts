import { parseArgs } from 'node:util'
import { CONTENDERS, type Contender } from './contenders.js'

/*
 * The command line of a chaos run.
 */

export type Mode = 'chaos' | 'jitter' | 'cost'

const MODES: readonly string[] = ['chaos', 'jitter', 'cost'] satisfies Mode[]

export interface ChaosOptions {
  readonly mode: Mode
  readonly contenders: readonly Contender[]
  readonly clients: number
  /** Several only for `cost`. */
  readonly nodes: readonly number[]
  readonly seconds: number
  readonly every: number
  /** Only for `cost`. */
  readonly rounds: number
  readonly rate: number
  readonly roomSize: number
  readonly seed: number
  /** The names of the faults of a chaos run; undefined for all. */
  readonly faults: readonly string[] | undefined
  /** A file for the outcomes, as JSON. */
  readonly out: string | undefined
}

const DEFAULTS = { clients: '2000', seconds: '300', seed: '1', rounds: '10', 'room-size': '20' }

/** @throws an Error of one line if an option is wrong */
export function readOptions(args: string[]): ChaosOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...Object.fromEntries(
        ['clients', 'nodes', 'seconds', 'every', 'rounds', 'rate', 'room-size', 'seed', 'adapter', 'faults', 'out'].map(
          (name) => [name, { type: 'string' as const }],
        ),
      ),
    },
  })
  const given: Record<string, unknown> = { ...DEFAULTS, ...values }
  const [mode = 'chaos'] = positionals
  if (!MODES.includes(mode)) throw new Error(`No run ${mode}: there are ${MODES.join(', ')}`)
  const clients = readNumber('clients', given.clients)
  const names = String(given.adapter ?? (mode === 'cost' ? 'bare,redis,bare' : 'redis,bare')).split(',')
  const unknown = names.find((name) => !CONTENDERS.includes(name as Contender))
  if (unknown !== undefined) throw new Error(`No adapter ${unknown}: there are ${CONTENDERS.join(', ')}`)
  return {
    mode: mode as Mode,
    contenders: names as Contender[],
    clients,
    nodes: String(given.nodes ?? (mode === 'cost' ? '1,2,4' : '3'))
      .split(',')
      .map((text) => readNumber('nodes', text)),
    seconds: readNumber('seconds', given.seconds),
    every: readNumber('every', given.every ?? (mode === 'jitter' ? 15 : 10)),
    rounds: readNumber('rounds', given.rounds),
    rate: readNumber('rate', given.rate ?? Math.max(10, Math.round(clients / 20))),
    roomSize: readNumber('room-size', given['room-size']),
    seed: readNumber('seed', given.seed),
    faults: given.faults === undefined ? undefined : String(given.faults).split(','),
    out: given.out === undefined ? undefined : String(given.out),
  }
}

function readNumber(name: string, value: unknown): number {
  if (!/^[1-9]\d*$/.test(String(value))) throw new Error(`--${name} must be a whole number above 0: got ${value}`)
  return Number(value)
}
