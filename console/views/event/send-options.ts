import { html, nothing } from 'lit'
import { MOST_ROUNDS, type RoundSummary } from '../../catalog/payload/call-rounds.js'
import { visibleText } from '../../shared/visible-text.js'

/** How an event is sent. */
export interface SendSettings {
  readonly withAck: boolean
  readonly timeoutMs: number
  readonly times: number
  readonly everyMs: number
}

export const DEFAULT_SETTINGS: SendSettings = { withAck: true, timeoutMs: 10_000, times: 1, everyMs: 100 }

const LIMITS = { timeoutMs: [1, 600_000], times: [1, MOST_ROUNDS], everyMs: [0, 60_000] } as const

/** The inputs for how an event is sent. */
export function sendOptions(settings: SendSettings, change: (settings: SendSettings) => void) {
  const input = (name: keyof typeof LIMITS) => {
    const [min, max] = LIMITS[name]
    return html`<input type="number" min=${min} max=${max} .value=${String(settings[name])} @change=${(
      event: Event,
    ) => {
      const value = Math.floor(Number((event.target as HTMLInputElement).value)) || 0
      change({ ...settings, [name]: Math.min(max, Math.max(min, value)) })
    }} />`
  }
  const { withAck, times } = settings
  return html`
    <label><input type="checkbox" .checked=${withAck} @change=${() => change({ ...settings, withAck: !withAck })} /> with ack</label>
    ${withAck ? html`<label>timeout ${input('timeoutMs')} ms</label>` : nothing}
    <label>send ${input('times')} times</label>
    ${times > 1 ? html`<label>every ${input('everyMs')} ms</label>` : nothing}
  `
}

/** What several calls came to. A screen reader is told at the end. */
export function roundSummary({ ok, failed, minMs, medianMs, maxMs, codes }: RoundSummary, isRunning: boolean) {
  if (ok + failed < 2) return nothing
  const times = [minMs, medianMs, maxMs].map((ms) => ms.toFixed(1)).join(' / ')
  const causes = Object.entries(codes).map(([code, count]) => `${count} × ${visibleText(code, 80)}`)
  return html`<p role="status" aria-busy=${isRunning}><span class="badge good">${ok} ok</span>
    <span class="badge ${failed > 0 ? 'bad' : ''}">${failed} failed</span>
    <span class="hint">min / median / max ${times} ms${causes.length > 0 ? `, ${causes.join(', ')}` : ''}</span></p>`
}
