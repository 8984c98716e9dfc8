import { BASE } from './contenders.js'
import { median, uncertaintyOf } from './statistics.js'

/*
 * The measured figures of one contender in one scenario.
 */

export interface Figure {
  readonly contender: string
  /** In the scenario's unit. Microseconds of CPU for one message are the seconds for a million. */
  readonly value: number
  /** To the base: the median of the ratios of the rounds. */
  readonly ratio: number
  /** How far the median may be off. */
  readonly uncertainty: number
  readonly perSecond?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Resident memory for one connection. */
  readonly rssKb?: number
  /** CPU of a start-up. */
  readonly cpuMs?: number
}

/** How long, and how often, is measured. */
export interface Effort {
  readonly sliceMs: number
  /** Rounds that do not count. */
  readonly warmUp: number
  /** Whether scenarios with a `warmUp` are warmed up first. */
  readonly isWarm: boolean
  readonly rounds: number
  /** Rounds of the memory and start-up scenarios, each with new processes. */
  readonly starts: number
  /** Connections of the memory scenarios. */
  readonly connections: number
}

/** Computes the figures of the contenders, in the same order, from the values of each round. */
export function compare(rounds: ReadonlyMap<string, readonly number[]>): Figure[] {
  const base = rounds.get(BASE) ?? []
  return Array.from(rounds, ([contender, values]) => {
    const ratios = values.map((value, round) => value / (base[round] ?? Number.NaN))
    return { contender, value: median(values), ratio: median(ratios), uncertainty: uncertaintyOf(ratios) }
  })
}
