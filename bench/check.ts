import { OURS } from './contenders.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'

/*
 * `--check`: compares the ratios to bare with those of the saved results, and finds regressions beyond the noise of both.
 */

/** Beyond the noise of both runs, a ratio may be this share higher before it is a regression. */
const MARGIN = 0.05

/** If the noise allows more than this factor, the check warns that it may hide a regression. */
const BLUNT = 1.25

export interface Comparison {
  readonly scenario: string
  readonly contender: string
  readonly before: number
  readonly now: number
  /** The highest ratio that noise explains. */
  readonly allowed: number
  readonly isWorse: boolean
  /** Whether the noise may hide a regression. */
  readonly isBlunt: boolean
}

/** Compares the figures of ours that both results have. */
export function compareResults(before: readonly Measured[], now: readonly Measured[]): Comparison[] {
  return now.flatMap((scenario) => {
    const known = before.find(({ id }) => id === scenario.id)
    if (known === undefined) return []
    return scenario.figures.flatMap((figure) => {
      const old = known.figures.find(({ contender }) => contender === figure.contender)
      const isOurs = (OURS as readonly string[]).includes(figure.contender)
      return old && isOurs ? [compareFigures(known, old, scenario, figure)] : []
    })
  })
}

function compareFigures(known: Measured, old: Figure, scenario: Measured, figure: Figure): Comparison {
  const allowed = old.ratio * (1 + noiseOf(known, old) + noiseOf(scenario, figure) + MARGIN)
  return {
    scenario: scenario.id,
    contender: figure.contender,
    before: old.ratio,
    now: figure.ratio,
    allowed,
    // NaN counts as worse
    isWorse: !(figure.ratio <= allowed),
    isBlunt: allowed > old.ratio * BLUNT,
  }
}

/** The figures that were worse in both measurements. */
export function regressionsOf(first: readonly Comparison[], again: readonly Comparison[]): Comparison[] {
  return first.filter((each) => each.isWorse && findAgain(again, each)?.isWorse)
}

/** The comparison of the same figure. */
export function findAgain(again: readonly Comparison[], { scenario, contender }: Comparison): Comparison | undefined {
  return again.find((each) => each.scenario === scenario && each.contender === contender)
}

/** As a share of the ratio: the deviation of bare's copy or the uncertainty of the median, whichever is larger. */
function noiseOf({ noise }: Measured, { ratio, uncertainty }: Figure): number {
  return Math.max(noise, uncertainty / ratio)
}
