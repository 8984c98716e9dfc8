import type { Latency, LoadFigures, LoadMoment, Measured } from './load-statistics.js'
import { drawPlot, escapeHtml } from './svg-plot.js'

/*
 * The figures of a load run: for a terminal, and as one HTML file that requests nothing.
 */

/** What was run. */
export interface LoadSetting {
  readonly scenario: string
  readonly url: string
  readonly clients: number
  readonly rate: number
  readonly rampMs: number
}

const PERCENTILES = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const satisfies readonly (keyof Latency)[]

export function renderText(setting: LoadSetting, figures: LoadFigures): string {
  const { durationMs, joins, calls, others, callsPerSecond, late, errors } = figures
  const codes = Object.entries(errors).map(([code, count]) => `  ${code}: ${count}`)
  return [
    `${setting.scenario}: ${setting.clients} clients, ${durationMs / 1000} s, ${callsPerSecond} calls/s`,
    lineOf('joins', joins),
    lineOf('calls', calls),
    `other steps: ${others}; iterations that began late: ${late}`,
    codes.length > 0 ? 'errors' : 'no errors',
    ...codes,
    '',
  ].join('\n')
}

function lineOf(name: string, { count, failed, latency }: Measured): string {
  const times = PERCENTILES.map((key) => `${key} ${latency[key]}`)
  return `${name}: ${count}, failed ${failed}; ms: ${times.join(', ')}`
}

/** One line of progress. */
export function renderMoment({ atMs, clients, callsPerSecond, errorsPerSecond, p99 }: LoadMoment): string {
  return `${Math.round(atMs / 1000)} s: ${clients} clients, ${callsPerSecond} calls/s, p99 ${p99} ms, ${errorsPerSecond} errors/s\n`
}

const STYLE = `
:root { color-scheme: light dark; --text: #1d2129; --soft: #667085; --line: #e4e7ec; --back: #fff; --a: #2563eb; --b: #d97706; --c: #dc2626 }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ef; --soft: #98a2b3; --line: #333b49; --back: #12161d; --a: #7aa7ff; --b: #f2b04c; --c: #ff8080 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 760px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 } p { color: var(--soft); margin: .25rem 0 1.5rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .35rem .5rem; border-bottom: 1px solid var(--line) } th:first-child, td:first-child { text-align: left }
th { color: var(--soft); font-weight: 500 } figure { margin: 1.5rem 0 } svg { width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: var(--soft) } .grid { stroke: var(--line) } polyline { fill: none; stroke: currentColor; stroke-width: 2 }
circle { fill: currentColor } .a { color: var(--a) } .b { color: var(--b) } .c { color: var(--c) } .key::before { content: '●'; margin: 0 .3em 0 .8em }
`

/** One file: its plots are inline SVG, its style is inline, and it has no script. */
export function renderHtml(setting: LoadSetting, figures: LoadFigures): string {
  const { durationMs, joins, calls, callsPerSecond, errors, timeline } = figures
  const { scenario, url, clients, rate, rampMs } = setting
  const head = `${clients} clients, each ${rate} times a second, ramp ${rampMs / 1000} s, ${durationMs / 1000} s in all, at ${url}`
  const rows = Object.entries({ joins, calls }).map(([name, { count, failed, latency }]) => [
    name,
    count,
    failed,
    ...PERCENTILES.map((key) => latency[key]),
  ])
  const codes = Object.entries(errors)
  const labelOf = (ms: number) => `${Math.round(ms / 1000)} s`
  const over = (key: Exclude<keyof LoadMoment, 'atMs'>) => timeline.map((moment) => [moment.atMs, moment[key]] as const)
  const plots = [
    {
      title: 'Calls and errors',
      unit: 'a second',
      labelOf,
      lines: [
        { name: 'calls', colour: 'a', points: over('callsPerSecond') },
        { name: 'errors', colour: 'c', points: over('errorsPerSecond') },
      ],
    },
    {
      title: 'Latency of calls',
      unit: 'ms',
      labelOf,
      lines: [
        { name: 'p50', colour: 'a', points: over('p50') },
        { name: 'p99', colour: 'b', points: over('p99') },
      ],
    },
    { title: 'Clients', unit: 'joined', labelOf, lines: [{ name: 'clients', colour: 'a', points: over('clients') }] },
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(scenario)}: load</title>
<style>${STYLE}</style></head><body>
<h1>${escapeHtml(scenario)}: ${callsPerSecond} calls/s</h1><p>${escapeHtml(head)}</p>
${tableOf(['step', 'count', 'failed', ...PERCENTILES.map((name) => `${name}, ms`)], rows)}
${plots.map(drawPlot).join('\n')}
${codes.length > 0 ? tableOf(['error', 'count'], codes) : '<p>No errors</p>'}
</body></html>
`
}

function tableOf(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (tag: string, row: readonly (string | number)[]) =>
    row.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join('')
  return `<table><tr>${cells('th', heads)}</tr>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</table>`
}
