import { type Comparison, findAgain, regressionsOf } from './check.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'
import { NEWEST_SUFFIX, type Results } from './results.js'
import { MOST_NOISE, type Verdict } from './targets.js'

/*
 * Renders figures as aligned text for the terminal.
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

/** One scenario: title and noise, then a line for each contender. */
export function renderScenario({ id, title, unit, noise, figures }: Measured): string {
  const columns = COLUMNS.filter(([, text]) => figures.some((figure) => text(figure) !== ''))
  const lines = [['', ...columns.map(([title]) => title)]]
  for (const figure of figures) lines.push([figure.contender, ...columns.map(([, text]) => text(figure))])
  const head = `${id}: ${title}\n  each: ${unit}; noise ±${noise.toFixed(2)}`
  return `${head}\n${align(lines)}\n`
}

/** All scenarios with the ratio of each contender; a dash for a contender that does not run one. */
export function renderSummary(measured: readonly Measured[], names: readonly string[]): string {
  const lines = [['ratio to bare', ...names, 'noise']]
  for (const { id, noise, figures } of measured) {
    const ratios = names.map((name) => figures.find(({ contender }) => contender === name)?.ratio.toFixed(2) ?? '-')
    lines.push([id, ...ratios, `±${noise.toFixed(2)}`])
  }
  return align(lines)
}

/** Names the results that are compared with, and warns if they are of another machine than `here`. */
export function renderSource({ date, machine, effort, versions }: Results, here: Results['machine']): string {
  const source = `Beside the results of ${date}: ${machine.cpu}, ${machine.cores} cores, Node.js ${versions.node ?? ''}, `
  const isOther = machine.cpu !== here.cpu || machine.cores !== here.cores
  const warning = isOther ? '\nThey are of another machine, and ratios depend on it.' : ''
  return `${source}${effort.rounds} rounds.${warning}`
}

/** A line for each figure of ours, before and now; and a second line for one that was worse and was measured again. */
export function renderCheck(first: readonly Comparison[], again: readonly Comparison[]): string {
  const lines = [['ratio to bare', 'contender', 'before', 'now', 'allowed', '']]
  const add = (name: string, { contender, before, now, allowed, isWorse }: Comparison) => {
    lines.push([name, contender, before.toFixed(2), now.toFixed(2), allowed.toFixed(2), isWorse ? 'WORSE' : 'ok'])
  }
  for (const each of first) {
    add(each.scenario, each)
    const second = each.isWorse ? findAgain(again, each) : undefined
    if (second) add(`${each.scenario}, again`, second)
  }
  const regressions = regressionsOf(first, again)
  const blunt = first.filter(({ isBlunt }) => isBlunt)
  const notes = [
    blunt.length > 0 && `Noise may hide a regression of a quarter in ${listOf(blunt)}.`,
    regressions.length > 0 ? `Regressions: ${listOf(regressions)}.` : 'No regression.',
  ]
  return [align(lines), ...notes.filter(Boolean)].join('\n\n')
}

/** A line for each target that was measured; undefined if there is none. */
export function renderTargets(verdicts: readonly Verdict[]): string | undefined {
  if (verdicts.length === 0) return undefined
  const lines = verdicts.map(({ scenario, contender, what, got, most, isMet, isNoisy }) => {
    const verdict = isMet ? 'pass' : 'MISS'
    return [scenario, contender, what, got.toFixed(2), most.toFixed(2), isNoisy ? `${verdict}, noisy` : verdict]
  })
  const missed = verdicts.filter(({ isMet }) => !isMet).length
  const noisy = new Set(verdicts.filter(({ isNoisy }) => isNoisy).map(({ scenario }) => scenario))
  const notes = [
    `${verdicts.length - missed} of ${verdicts.length} targets are met.`,
    noisy.size > 0 && `The noise is above ${MOST_NOISE.toFixed(2)} in ${[...noisy].join(', ')}: measure them again.`,
  ]
  const head = ['target', 'contender', 'what', 'got', 'at most', '']
  return [align([head, ...lines]), ...notes.filter(Boolean)].join('\n\n')
}

/** A line of versions for each installation. */
export function renderVersions(versions: Results['versions']): string {
  const names = ['engine.io', 'ws', 'socket.io', 'fastify']
  const lineOf = (contender: string, suffix: string) =>
    names.every((name) => versions[name + suffix] !== undefined) && [
      contender,
      ...names.map((name) => `${name} ${versions[name + suffix]}`),
    ]
  const lines = [lineOf('ours', ''), lineOf('ours newest', NEWEST_SUFFIX)].filter((line) => line !== false)
  return align([['versions', ...names.map(() => '')], ...lines])
}

function listOf(comparisons: readonly Comparison[]): string {
  return comparisons.map(({ scenario, contender }) => `${scenario} (${contender})`).join(', ')
}

function textOf(value: number | undefined, digits: number): string {
  return value?.toFixed(digits) ?? ''
}

/** Aligns the first column to the left, the others to the right. */
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
