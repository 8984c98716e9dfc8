import { OURS } from './contenders.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'

/*
 * Whether it has become slower: ratios to bare, now and in the results that were written down, and the noise of both.
 */

/** What is still no regression, beyond the noise of both runs. */
const MARGIN = 0.05

/** What noise may allow, beside the ratio before, without a word of it. */
const BLUNT = 1.25

export interface Comparison {
  readonly scenario: string
  readonly contender: string
  readonly before: number
  readonly now: number
  /** The highest ratio that noise explains. */
  readonly allowed: number
  readonly isWorse: boolean
  /** Whether noise allows so much that a regression may not be seen. */
  readonly isBlunt: boolean
}

/** Every figure of ours that both have. */
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
    // a ratio that is no number is no good one
    isWorse: !(figure.ratio <= allowed),
    isBlunt: allowed > old.ratio * BLUNT,
  }
}

/** What was worse, and still was when it was measured again. */
export function regressionsOf(first: readonly Comparison[], again: readonly Comparison[]): Comparison[] {
  return first.filter((each) => each.isWorse && findAgain(again, each)?.isWorse)
}

/** The comparison of the same figure. */
export function findAgain(again: readonly Comparison[], { scenario, contender }: Comparison): Comparison | undefined {
  return again.find((each) => each.scenario === scenario && each.contender === contender)
}

/** As a share of the ratio: what the base's copy is off, or what the median may be, whichever is more. */
function noiseOf({ noise }: Measured, { ratio, uncertainty }: Figure): number {
  return Math.max(noise, uncertainty / ratio)
}
