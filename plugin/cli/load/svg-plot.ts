/*
 * Line plots as inline SVG, without a script.
 */

interface PlotLine {
  readonly name: string
  /** A class of the page's style sheet, which has the colour. */
  readonly colour: string
  /** x and y of each point, by x. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Plot {
  readonly title: string
  readonly unit: string
  readonly lines: readonly PlotLine[]
  /** The text of an x. */
  readonly labelOf: (x: number) => string
}

const WIDTH = 720
const HEIGHT = 220
const LEFT = 56
const RIGHT = 20
const TOP = 12
const BOTTOM = 28
const STEPS = 4

/** Draws a plot with its legend. All texts are escaped. */
export function drawPlot({ title, unit, lines, labelOf }: Plot): string {
  const points = lines.flatMap((line) => line.points)
  const [least, most] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))]
  const top = niceCeiling(Math.max(...points.map(([, y]) => y)))
  const xOf = (x: number) => round(LEFT + ((x - least) / (most - least || 1)) * (WIDTH - LEFT - RIGHT))
  const yOf = (y: number) => round(HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM))
  const grid = Array.from({ length: STEPS + 1 }, (_, step) => (top / STEPS) * step).map(
    (y) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yOf(y)}" y2="${yOf(y)}"/>` +
      `<text x="${LEFT - 8}" y="${yOf(y) + 4}" text-anchor="end">${round(y)}</text>`,
  )
  const labels = Array.from({ length: STEPS + 1 }, (_, step) => least + ((most - least) / STEPS) * step).map(
    (x) => `<text x="${xOf(x)}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(labelOf(x))}</text>`,
  )
  const drawn = lines.map(({ name, colour, points: own }) => {
    const path = own.map(([x, y]) => `${xOf(x)},${yOf(y)}`).join(' ')
    const dots = own.map(
      ([x, y]) =>
        `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="2.5"><title>${escapeHtml(`${name}: ${y} ${unit} at ${labelOf(x)}`)}</title></circle>`,
    )
    return `<g class="${colour}"><polyline points="${path}"/>${dots.join('')}</g>`
  })
  const legend = lines.map(({ name, colour }) => `<span class="key ${colour}">${escapeHtml(name)}</span>`)
  return (
    `<figure><figcaption><b>${escapeHtml(title)}</b>, ${escapeHtml(unit)} ${legend.join(' ')}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">` +
    `${grid.join('')}${labels.join('')}${drawn.join('')}</svg></figure>`
  )
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The next round number. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1))
  return ([1, 2, 3, 4, 6, 8].find((step) => step * power >= value) ?? 10) * power
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
