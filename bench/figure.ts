import { BASE } from './contenders.js'
import { median, uncertaintyOf } from './statistics.js'

/*
 * What one contender has come to in one scenario.
 */

export interface Figure {
  readonly contender: string
  /** In the scenario's unit; of CPU it is microseconds each, which are as many seconds for a million. */
  readonly value: number
  /** Of the base: the median of the ratios of the rounds. */
  readonly ratio: number
  /** How far that median may be off. */
  readonly uncertainty: number
  readonly perSecond?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Resident memory of a connection. */
  readonly rssKb?: number
  /** CPU of a start-up. */
  readonly cpuMs?: number
}

/** How long is measured. */
export interface Effort {
  readonly sliceMs: number
  /** Rounds before the first that counts. */
  readonly warmUp: number
  /** Whether what takes long to be warm is warmed up. */
  readonly isWarm: boolean
  readonly rounds: number
  /** Rounds of memory and of start-up, each with new processes. */
  readonly starts: number
  /** Connections that memory is measured with. */
  readonly connections: number
}

/** The figures of contenders from what they came to in each round; in the same order. */
export function compare(rounds: ReadonlyMap<string, readonly number[]>): Figure[] {
  const base = rounds.get(BASE) ?? []
  return Array.from(rounds, ([contender, values]) => {
    const ratios = values.map((value, round) => value / (base[round] ?? Number.NaN))
    return { contender, value: median(values), ratio: median(ratios), uncertainty: uncertaintyOf(ratios) }
  })
}
