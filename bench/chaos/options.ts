import { parseArgs } from 'node:util'
import { CONTENDERS, type Contender } from './contenders.js'
import type { OrderMode } from './orders.js'

/*
 * The command line of a chaos run.
 */

export type Mode = 'chaos' | 'jitter' | 'cost' | 'addresses' | 'fetch'

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
  /** Only for `addresses`: how many come and go, and how many are joined at once. */
  readonly addresses: number
  readonly alive: number
  /** Only for `fetch`. */
  readonly calls: number
  /** The names of the faults of a chaos run; undefined for all. */
  readonly faults: readonly string[] | undefined
  /** Whether clients of a chaos run place orders, and how these are kept. */
  readonly orders: OrderMode | undefined
  /** A file for the outcomes, as JSON. */
  readonly out: string | undefined
}

/** Undefined: a twentieth of the clients. */
const DEFAULTS = {
  ...{ adapter: 'redis,bare', clients: '2000', nodes: '3', seconds: '300', every: '10', rounds: '10', seed: '1' },
  ...{ rate: undefined, 'room-size': '20', addresses: '10000', alive: '500', calls: '20' },
  ...{ faults: undefined, orders: undefined, out: undefined },
}

const DEFAULTS_OF: Record<Mode, Partial<Record<keyof typeof DEFAULTS, string>>> = {
  chaos: {},
  jitter: { every: '15' },
  cost: { adapter: 'bare,redis,bare', nodes: '1,2,4', clients: '400', rate: '200', seconds: '20' },
  addresses: { adapter: 'redis,streams,bare', nodes: '2' },
  fetch: { adapter: 'bare,redis,bare', nodes: '2' },
}

/** Those that are not over Redis. */
const WITHOUT_REDIS: readonly string[] = ['postgres', 'cluster']

/** @throws an Error of one line if an option is wrong */
export function readOptions(args: string[]): ChaosOptions {
  const known = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: 'string' as const }]))
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: known })
  const mode = (positionals[0] ?? 'chaos') as Mode
  if (!Object.hasOwn(DEFAULTS_OF, mode))
    throw new Error(`No run ${mode}: there are ${Object.keys(DEFAULTS_OF).join(', ')}`)
  const given: Record<string, string | undefined> = { ...DEFAULTS, ...DEFAULTS_OF[mode], ...values }
  const number = (name: keyof typeof DEFAULTS) => readNumber(name, given[name])
  return {
    mode,
    contenders: readContenders(mode, String(given.adapter)),
    clients: number('clients'),
    nodes: String(given.nodes)
      .split(',')
      .map((text) => readNumber('nodes', text)),
    ...{ seconds: number('seconds'), every: number('every'), rounds: number('rounds'), seed: number('seed') },
    rate: given.rate === undefined ? Math.max(10, Math.round(number('clients') / 20)) : number('rate'),
    roomSize: number('room-size'),
    ...{ addresses: number('addresses'), alive: number('alive'), calls: number('calls') },
    orders: readOrders(given.orders, String(given.adapter)),
    faults: given.faults?.split(','),
    out: given.out,
  }
}

function readContenders(mode: Mode, list: string): Contender[] {
  const known = CONTENDERS.filter((name) => mode !== 'addresses' || !WITHOUT_REDIS.includes(name))
  const names = list.split(',')
  const unknown = names.find((name) => !known.includes(name as Contender))
  if (unknown !== undefined) throw new Error(`No adapter ${unknown} for ${mode}: there are ${known.join(', ')}`)
  return names as Contender[]
}

/** Which adapters have a server that orders can be kept in. */
const ORDERS: Record<OrderMode, readonly string[]> = { kept: ['redis', 'postgres'], transaction: ['postgres'] }

function readOrders(mode: string | undefined, adapters: string): OrderMode | undefined {
  if (mode === undefined) return undefined
  if (!Object.hasOwn(ORDERS, mode)) throw new Error(`No --orders ${mode}: there are ${Object.keys(ORDERS).join(', ')}`)
  const fitting = ORDERS[mode as OrderMode]
  if (adapters.split(',').some((name) => !fitting.includes(name)))
    throw new Error(`--orders ${mode} needs --adapter ${fitting.join(' or ')}`)
  return mode as OrderMode
}

function readNumber(name: string, value: unknown): number {
  if (!/^[1-9]\d*$/.test(String(value))) throw new Error(`--${name} must be a whole number above 0: got ${value}`)
  return Number(value)
}
