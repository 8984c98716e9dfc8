import type { Comparison } from './check.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'

/*
 * Figures as aligned lines.
 */

const COLUMNS: readonly (readonly [title: string, text: (figure: Figure) => string])[] = [
  ['ratio', ({ ratio }) => ratio.toFixed(2)],
  ['±', ({ uncertainty }) => uncertainty.toFixed(2)],
  ['each', ({ value }) => value.toFixed(value < 100 ? 2 : 0)],
  ['a second', ({ perSecond }) => textOf(perSecond, 0)],
  ['p50 ms', ({ p50Ms }) => textOf(p50Ms, 2)],
  ['p99 ms', ({ p99Ms }) => textOf(p99Ms, 2)],
  ['KB rss', ({ rssKb }) => textOf(rssKb, 1)],
  ['ms CPU', ({ cpuMs }) => textOf(cpuMs, 0)],
]

/** One scenario: each contender's line, under the title and the noise. */
export function renderScenario({ id, title, unit, noise, figures }: Measured): string {
  const columns = COLUMNS.filter(([, text]) => figures.some((figure) => text(figure) !== ''))
  const lines = [['', ...columns.map(([title]) => title)]]
  for (const figure of figures) lines.push([figure.contender, ...columns.map(([, text]) => text(figure))])
  const head = `${id}: ${title}\n  each: ${unit}; noise ±${noise.toFixed(2)}`
  return `${head}\n${align(lines)}\n`
}

/** All scenarios, and the ratio of each contender; a dash where one takes no part. */
export function renderSummary(measured: readonly Measured[], names: readonly string[]): string {
  const lines = [['ratio to bare', ...names, 'noise']]
  for (const { id, noise, figures } of measured) {
    const ratios = names.map((name) => figures.find(({ contender }) => contender === name)?.ratio.toFixed(2) ?? '-')
    lines.push([id, ...ratios, `±${noise.toFixed(2)}`])
  }
  return align(lines)
}

/** Each figure of ours, now and before; `confirmed` are the regressions. */
export function renderCheck(all: readonly Comparison[], confirmed: readonly Comparison[]): string {
  const lines = [['ratio to bare', 'contender', 'before', 'now', 'allowed', '']]
  for (const { scenario, contender, before, now, allowed, isWorse } of all) {
    const isRegression = confirmed.some((each) => each.scenario === scenario && each.contender === contender)
    const verdict = isRegression ? 'WORSE' : isWorse ? 'not confirmed' : 'ok'
    lines.push([scenario, contender, before.toFixed(2), now.toFixed(2), allowed.toFixed(2), verdict])
  }
  const verdict = confirmed.length === 0 ? 'No regression.' : `Regressions: ${confirmed.length}.`
  return `${align(lines)}\n\n${verdict}`
}

function textOf(value: number | undefined, digits: number): string {
  return value?.toFixed(digits) ?? ''
}

/** The first column to the left, the others to the right. */
function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n')
}
