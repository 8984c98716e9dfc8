import { CONTENDERS, CONTROL, type Contender } from './contenders.js'
import type { Figure } from './figure.js'
import type { Setup } from './pair.js'
import type { Scenario } from './scenarios.js'
import { measureSlices } from './slices.js'
import { measureMemory, measureStartUp } from './starts.js'

/*
 * Measures one scenario for a list of contenders.
 */

export interface Measured extends Pick<Scenario, 'id' | 'title' | 'kind' | 'unit'> {
  /** How far the ratio of bare's second copy is from 1.00: smaller differences mean nothing. */
  readonly noise: number
  readonly figures: readonly Figure[]
}

/** @param names - the contenders to measure, unless they or the scenario exclude each other */
export async function measure(scenario: Scenario, names: readonly string[], setup: Setup): Promise<Measured> {
  const without: readonly string[] = scenario.without
  const all: readonly Contender[] = CONTENDERS
  const contenders = all.filter(
    ({ name, only }) => names.includes(name) && !without.includes(name) && (only?.includes(scenario.id) ?? true),
  )
  const take = { heap: measureMemory, startup: measureStartUp }[scenario.kind as string] ?? measureSlices
  const figures = await take(scenario, contenders, setup).catch((error) => {
    throw new Error(`${scenario.id}: ${error.message}`)
  })
  const control = figures.find(({ contender }) => contender === CONTROL)
  const { id, title, kind, unit } = scenario
  return { id, title, kind, unit, noise: Math.abs((control?.ratio ?? Number.NaN) - 1), figures }
}
