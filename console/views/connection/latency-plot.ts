import { css, html, LitElement, nothing } from 'lit'
import type UPlot from 'uplot'
import { type Latency, latencyOf } from '../../session/latency.js'
import type { RoundTrip, Session } from '../../session/session-types.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import { inMs } from './lanes.js'

const HEIGHT = 150
/** How far apart the marks of the time are. */
const SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400]
const KINDS = { ack: 'Acks', join: 'Joins' } as const

/** How long acks and joins took, drawn over time, and in words. */
class NspLatency extends LitElement {
  static override properties = { session: { attribute: false } }
  static override styles = [
    baseStyles,
    css`
      .plot { position: relative; height: ${HEIGHT}px; overflow: hidden; }
      .u-wrap { position: relative; }
      .u-over, .u-under, .u-axis { position: absolute; }
      canvas { display: block; width: 100%; height: 100%; }
      .ack { color: var(--accent); }
      .join { color: var(--amber); }
      .soft { color: var(--soft); }
      .rule { color: var(--rule); }
    `,
  ]

  declare session: Session
  readonly #watch = new Watch(this)
  #plot: UPlot | undefined
  #isLoading = false
  #isUnavailable = false
  readonly #size = new ResizeObserver(([entry]) => {
    if (entry) this.#plot?.setSize({ width: entry.contentRect.width, height: HEIGHT })
  })
  readonly #theme = new MutationObserver(() => this.#plot?.redraw())
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)')
  readonly #redraw = () => this.#plot?.redraw()

  override connectedCallback(): void {
    super.connectedCallback()
    this.#theme.observe(document.documentElement, { attributes: true })
    this.#scheme.addEventListener('change', this.#redraw)
    this.requestUpdate()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#size.disconnect()
    this.#theme.disconnect()
    this.#scheme.removeEventListener('change', this.#redraw)
    this.#plot?.destroy()
    this.#plot = undefined
  }

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
      ${trips.length === 0 ? html`<p class="hint">The first join shows here how long it took.</p>` : nothing}
      <div class="plot" aria-hidden="true" ?hidden=${trips.length === 0 || this.#isUnavailable}></div>
      <p class="row hint">${parts}</p>
      <span class="soft"></span><span class="rule"></span>`
  }

  override updated(): void {
    const trips = this.session.roundTrips.getSnapshot()
    if (trips.length === 0) return
    if (this.#plot) this.#plot.setData(dataOf(trips))
    else void this.#draw()
  }

  async #draw(): Promise<void> {
    if (this.#isLoading || this.#isUnavailable) return
    this.#isLoading = true
    // Without the plot, its words stay. It does not load where the browser's language is none that JavaScript knows.
    const Plot = await import('uplot').then(
      (module) => module.default,
      () => undefined,
    )
    this.#isLoading = false
    this.#isUnavailable = Plot === undefined
    if (this.#isUnavailable) this.requestUpdate()
    const place = this.renderRoot.querySelector<HTMLElement>('.plot')
    if (!Plot || !place || !this.isConnected || this.#plot) return
    // A canvas does not know custom properties: it takes the colours of elements that have them.
    const colour = (name: string) => () => getComputedStyle(this.renderRoot.querySelector(`.${name}`) ?? this).color
    const axis = {
      font: '11px system-ui',
      stroke: colour('soft'),
      grid: { stroke: colour('rule'), width: 1 },
      ticks: { show: false },
    }
    const dots = { paths: () => null, scale: 'y' }
    this.#plot = new Plot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: (_plot, min, max) => [Math.min(min, max - 10), max] },
          y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            values: (_plot, seconds) => seconds.map((at) => new Date(at * 1000).toLocaleTimeString()),
            space: 90,
            incrs: SECONDS,
          },
          { ...axis, size: 56, values: (_plot, times) => times.map((ms) => `${ms} ms`) },
        ],
        series: [
          {},
          { ...dots, points: { show: true, size: 5, fill: colour('ack'), width: 0 } },
          { ...dots, points: { show: true, size: 8, fill: 'transparent', stroke: colour('join'), width: 1.5 } },
        ],
      },
      dataOf(this.session.roundTrips.getSnapshot()),
      place,
    )
    this.#size.observe(place)
  }
}

function dataOf(trips: readonly RoundTrip[]): UPlot.AlignedData {
  const of = (kind: RoundTrip['kind']) => trips.map((trip) => (trip.kind === kind ? trip.ms : null))
  return [trips.map(({ at }) => at / 1000), of('ack'), of('join')]
}

function words(title: string, { count, min, median, p95 }: Latency): string {
  return `${title}: ${count}, fastest ${inMs(min)}, median ${inMs(median)}, 95 % within ${inMs(p95)}`
}

customElements.define('nsp-latency', NspLatency)
