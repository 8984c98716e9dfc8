import { css, html, LitElement, nothing, svg } from 'lit'
import { type Latency, latencyOf } from '../../session/latency.js'
import type { RoundTrip, Session } from '../../session/session-types.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import { inMs } from './lanes.js'

/** The size of the drawing, which the page scales to its own. */
const WIDTH = 600
const HEIGHT = 140
const LEFT = 56
const BOTTOM = 20
const KINDS = { ack: 'Acks', join: 'Joins' } as const

/** How long acks and joins took, drawn over time, and in words. */
class NspLatency extends LitElement {
  static override properties = { session: { attribute: false } }
  static override styles = [
    baseStyles,
    css`
      :host { container-type: inline-size; }
      svg { display: block; width: 100%; max-width: 900px; margin-block: 6px; overflow: visible; }
      line { stroke: var(--rule); }
      text { fill: var(--soft); font: 11px var(--sans); font-variant-numeric: tabular-nums; }
      @container (max-width: 420px) { text { font-size: 16px; } } /* the drawing is about half as large */
      .ack { color: var(--accent); fill: currentColor; }
      .join { color: var(--amber); fill: none; stroke: currentColor; stroke-width: 1.5; }
      span.join { stroke: none; }
    `,
  ]

  declare session: Session
  readonly #watch = new Watch(this)

  override render() {
    const trips = this.#watch.of(this.session.roundTrips)
    const parts = Object.entries(KINDS).map(([kind, title]) => {
      const latency = latencyOf(trips, kind as RoundTrip['kind'])
      return (
        latency &&
        html`<span><span class=${kind} aria-hidden="true">${kind === 'ack' ? '●' : '○'}</span> ${words(title, latency)}</span>`
      )
    })
    return html`<h3>Round trips</h3>
      ${trips.length === 0 ? html`<p class="hint">The first join shows here how long it took.</p>` : plot(trips)}
      <p class="row hint">${parts}</p>`
  }
}

function plot(trips: readonly RoundTrip[]) {
  const times = trips.map(({ at }) => at)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const most = ceiling(Math.max(...trips.map(({ ms }) => ms)))
  const xOf = (at: number) => LEFT + ((at - first) / (last - first || 1)) * (WIDTH - LEFT - 8)
  const yOf = (ms: number) => HEIGHT - BOTTOM - (ms / most) * (HEIGHT - BOTTOM - 10)
  const clock = (at: number) => new Date(at).toLocaleTimeString()
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
    ${[0, most / 2, most].map(
      (ms) => svg`<line x1=${LEFT} x2=${WIDTH} y1=${yOf(ms)} y2=${yOf(ms)} />
        <text x=${LEFT - 8} y=${yOf(ms) + 4} text-anchor="end">${inMs(ms)}</text>`,
    )}
    <text x=${LEFT} y=${HEIGHT - 4}>${clock(first)}</text>
    ${last > first ? svg`<text x=${WIDTH} y=${HEIGHT - 4} text-anchor="end">${clock(last)}</text>` : nothing}
    ${trips.map(({ at, ms, kind }) => svg`<circle class=${kind} r=${kind === 'ack' ? 2.5 : 4} cx=${xOf(at)} cy=${yOf(ms)} />`)}
  </svg>`
}

/** The next round number: 1, 2 or 5 with zeros. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)))
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power
}

function words(title: string, { count, min, median, p95 }: Latency): string {
  return `${title}: ${count}, fastest ${inMs(min)}, median ${inMs(median)}, 95 % within ${inMs(p95)}`
}

customElements.define('nsp-latency', NspLatency)
