import { BASE, CONTROL, OURS } from './contenders.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'

/*
 * The ratios of one scenario as bars, in SVG: bare's line at 1.00, and the noise as a band around it.
 */

const WIDTH = 640
const LABELS = 140
const VALUES = 56
const ROW = 22
const BAR = 14
const AXIS = 20

export function renderChart({ title, noise, figures }: Measured): string {
  const most = Math.max(1.5, ...figures.map(({ ratio }) => ratio))
  const scale = (WIDTH - LABELS - VALUES) / most
  const height = figures.length * ROW + AXIS
  const x = (ratio: number) => (LABELS + ratio * scale).toFixed(1)
  const bottom = height - AXIS
  const rows = figures.map((figure, row) => renderRow(figure, row * ROW, scale))
  const ticks = ticksTo(most).map(
    (tick) =>
      `<text class="tick" x="${x(tick)}" y="${height - 5}" text-anchor="middle">${tick.toFixed(tick % 1 ? 1 : 0)}</text>`,
  )
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}: CPU, bare is 1">
<rect class="band" x="${x(Math.max(0, 1 - noise))}" y="0" width="${Math.max(1, 2 * noise * scale).toFixed(1)}" height="${bottom}"/>
${rows.join('\n')}
<line class="base" x1="${x(1)}" x2="${x(1)}" y1="0" y2="${bottom}"/>
${ticks.join('')}
</svg>`
}

function renderRow({ contender, ratio }: Figure, y: number, scale: number): string {
  const width = (ratio * scale).toFixed(1)
  const middle = y + ROW / 2
  const name = escapeText(contender)
  return (
    `<text class="name" x="${LABELS - 8}" y="${middle}" text-anchor="end">${name}</text>` +
    `<rect class="bar ${kindOf(contender)}" x="${LABELS}" y="${y + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="2">` +
    `<title>${name}: ${ratio.toFixed(3)}</title></rect>` +
    `<text class="value" x="${(LABELS + Number(width) + 6).toFixed(1)}" y="${middle}">${ratio.toFixed(2)}</text>`
  )
}

function kindOf(contender: string): string {
  if ((OURS as readonly string[]).includes(contender)) return 'ours'
  return contender === BASE || contender === CONTROL ? 'bare' : 'other'
}

function ticksTo(most: number): number[] {
  const step = most > 3 ? 1 : 0.5
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
