import { readFileSync } from 'node:fs'
import { escapeText, renderChart } from './chart.js'
import { CONTENDERS } from './contenders.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'
import type { Results } from './results.js'

/*
 * Renders the results as one self-contained HTML page with charts, tables, machine and versions.
 */

export function renderPage(results: Results): string {
  const { date, machine, isPinned, versions, scenarios } = results
  const names = CONTENDERS.map(({ name }) => name).filter((name) => scenarios.some((each) => figureOf(each, name)))
  const css = readFileSync(new URL('page.css', import.meta.url), 'utf8')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fastify-namespaces: speed</title>
<style>
${css}</style>
</head>
<body>
<main>
<h1>Server CPU, bare Socket.IO being 1.00</h1>
<p>${date} · ${escapeText(machine.cpu)}, ${machine.cores} cores, ${machine.memoryGb} GB, ${escapeText(machine.system)} ·
${isPinned ? 'servers on one core, loads on another' : 'unpinned'}. Less is better. The band around 1.00 is the noise: how far a
second copy of bare was from the first.</p>
${renderTable(
  ['contender', 'what it is'],
  CONTENDERS.filter(({ name }) => names.includes(name)).map(({ name, note }) => [name, note]),
  'text',
)}
<h2>Ratios</h2>
<div class="charts">
${scenarios.map(renderFigure).join('\n')}
</div>
<h2>Latency, p50 / p99 in milliseconds</h2>
${renderMatrix(scenarios, names, ({ p50Ms, p99Ms }) => (p50Ms === undefined ? '' : `${p50Ms.toFixed(2)} / ${p99Ms?.toFixed(2)}`))}
<h2>CPU, microseconds each; of memory and start-up, kilobytes of heap and milliseconds</h2>
${renderMatrix(scenarios, names, ({ value }) => value.toFixed(value < 100 ? 1 : 0))}
<h2>Each second</h2>
${renderMatrix(scenarios, names, ({ perSecond }) => (perSecond === undefined ? '' : perSecond.toFixed(0)))}
<h2>Resident memory of a connection, kilobytes</h2>
${renderMatrix(scenarios, names, ({ rssKb }) => (rssKb === undefined ? '' : rssKb.toFixed(1)))}
<h2>Versions</h2>
${renderTable(['package', 'version'], Object.entries(versions), 'text')}
</main>
</body>
</html>
`
}

function renderFigure(scenario: Measured): string {
  return `<figure>
<figcaption><b>${escapeText(scenario.title)}</b><br>${scenario.id} · ${escapeText(scenario.unit)} · noise ±${scenario.noise.toFixed(2)}</figcaption>
${renderChart(scenario)}
</figure>`
}

/** A table with a row for each scenario that has such a figure, and a column for each contender. */
function renderMatrix(
  scenarios: readonly Measured[],
  names: readonly string[],
  text: (figure: Figure) => string,
): string {
  const rows = scenarios.map((scenario) => {
    const cells = names.map((name) => figureOf(scenario, name)).map((figure) => (figure && text(figure)) || '–')
    return [scenario.id, ...cells]
  })
  const filled = rows.filter(([, ...cells]) => cells.some((cell) => cell !== '–'))
  return renderTable(['', ...names], filled, 'numbers')
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[], kind: string): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`
  return `<div class="scroll"><table class="${kind}">
<thead>${line(head, 'th')}</thead>
<tbody>
${rows.map((cells) => line(cells, 'td')).join('\n')}
</tbody>
</table></div>`
}

function figureOf({ figures }: Measured, name: string): Figure | undefined {
  return figures.find(({ contender }) => contender === name)
}
