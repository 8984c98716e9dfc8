import { BASE, CONTROL, OURS } from './contenders.js'
import type { Figure } from './figure.js'
import type { Measured } from './measure.js'

/*
 * Draws the ratios of one scenario as bars in SVG, with a line for bare at 1.00 and a band for the noise.
 */

// Heights are pixels, widths per cent: a chart fills its column without scaling its text. page.css leaves room for labels on
// both sides.
const ROW = 22
const BAR = 14
const AXIS = 22
const MOST_TICKS = 8

export function renderChart({ title, unit, noise, figures }: Measured): string {
  const most = Math.max(1.5, ...figures.map(({ ratio }) => ratio))
  const x = (ratio: number) => `${((ratio / most) * 100).toFixed(2)}%`
  const [low, high] = [Math.max(0, 1 - noise), Math.min(most, 1 + noise)]
  const bottom = figures.length * ROW
  const bars = figures.map((figure, row) => renderBar(figure, row * ROW, x(figure.ratio)))
  const labels = figures.map(({ contender, ratio }, row) => {
    const middle = row * ROW + ROW / 2
    const name = `<text class="name" x="0" dx="-6" y="${middle}">${escapeText(contender)}</text>`
    return `${name}<text class="value" x="${x(ratio)}" dx="6" y="${middle}">${ratio.toFixed(2)}</text>`
  })
  const ticks = ticksTo(most).map(
    (tick) => `<text class="tick" x="${x(tick)}" y="${bottom + AXIS / 2}">${tick.toFixed(tick % 1 ? 1 : 0)}</text>`,
  )
  // The line is drawn before the labels, so that it is behind them.
  return `<svg height="${bottom + AXIS}" role="img" aria-label="${escapeText(`${title}: ${unit}`)}, bare is 1">
<rect class="band" x="${x(low)}" width="${x(high - low)}" height="${bottom}"/>
${bars.join('\n')}
<line class="base" x1="${x(1)}" x2="${x(1)}" y2="${bottom}"/>
${labels.join('\n')}
${ticks.join('')}
</svg>`
}

function renderBar({ contender, ratio }: Figure, y: number, width: string): string {
  return (
    `<rect class="bar ${kindOf(contender)}" y="${y + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="2">` +
    `<title>${escapeText(contender)}: ${ratio.toFixed(3)}</title></rect>`
  )
}

function kindOf(contender: string): string {
  if ((OURS as readonly string[]).includes(contender)) return 'ours'
  return contender === BASE || contender === CONTROL ? 'bare' : 'other'
}

function ticksTo(most: number): number[] {
  const step = [0.5, 1, 2, 5, 10].find((step) => most / step <= MOST_TICKS) ?? most
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
