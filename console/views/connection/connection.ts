import { css, html, LitElement } from 'lit'
import type { ConnectionState, Session } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { panelStyles } from '../panel-styles.js'
import { Watch } from '../watch.js'
import './identity.js'
import './lanes.js'
import './latency-plot.js'

const TONES = { idle: '', connecting: 'warn', connected: 'good', reconnecting: 'warn', blocked: 'bad' }

/** The one connection of an identity: what it is, its lanes, and ways to lose it. */
class NspConnection extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    seconds: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host, article { grid-template-columns: minmax(0, 1fr); }
      article { gap: 18px; }
      dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, auto)); gap: 8px 18px; }
      dt { color: var(--soft); font-size: 0.75rem; }
      dd { font: 0.875rem/1.5 var(--mono); overflow-wrap: anywhere; }
      .break { padding: 10px 12px; border: 1px solid var(--rule); border-radius: 9px; background: var(--surface); }
      .break input { width: 5em; }
      nsp-identity { padding-top: 14px; border-top: 1px solid var(--rule); }
    `,
  ]

  declare workspace: Workspace
  declare session: Session
  declare seconds: number
  readonly #watch = new Watch(this)
  #clock: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.seconds = 10
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#clock)
  }

  override render() {
    const { workspace, session } = this
    const state = this.#watch.of(session.connection)
    return html`<article>
      <div class="row">
        <h2>Connection</h2>
        <span class="badge ${TONES[state.status]}" role="status">${state.status}</span>
      </div>
      ${facts(state)}
      ${this.#breakers(state)}
      <nsp-latency .session=${session}></nsp-latency>
      <section aria-label="Namespaces of this connection"><nsp-lanes .workspace=${workspace} .session=${session}></nsp-lanes></section>
      <nsp-identity .workspace=${workspace} .session=${session}></nsp-identity>
    </article>`
  }

  #breakers({ status, blockedUntil }: ConnectionState) {
    const { session, seconds } = this
    const isBlocked = blockedUntil !== undefined
    return html`<div class="row break">
      <button ?disabled=${status !== 'connected'} @click=${session.drop}>Drop the connection</button>
      <label>Block for <input type="number" min="1" max="3600" aria-label="Seconds to block" .value=${String(seconds)}
        @change=${({ target }: Event) => {
          // A number field has no other value.
          this.seconds = Math.min(3_600, Math.max(1, Number((target as HTMLInputElement).value) || 10))
        }} /> s</label>
      <button class=${isBlocked ? 'primary' : ''}
        @click=${isBlocked ? session.unblock : () => session.block(seconds * 1_000)}>${
          isBlocked ? `Unblock (${this.#left(blockedUntil)} s)` : 'Block the network'
        }</button>
    </div>`
  }

  /** How many seconds are left. Renders again when there is one less. */
  #left(until: number): number {
    const left = Math.max(0, until - Date.now())
    clearTimeout(this.#clock)
    this.#clock = setTimeout(() => this.requestUpdate(), left % 1_000 || 1_000)
    return Math.ceil(left / 1_000)
  }
}

function facts({ transport, openWebSockets, everOpened, reconnects, id, reason }: ConnectionState) {
  const rows: readonly (readonly [string, unknown])[] = [
    ['Transport', transport ?? '–'],
    ['WebSockets open', openWebSockets],
    ['WebSockets ever', everOpened],
    ['Reconnects', reconnects],
    ['Lost because of', reason === undefined ? '–' : visibleText(reason, 120)],
    ['Engine id', id === undefined ? '–' : visibleText(id, 60)],
  ]
  return html`<dl>${rows.map(([title, value]) => html`<div><dt>${title}</dt><dd>${value}</dd></div>`)}</dl>`
}

customElements.define('nsp-connection', NspConnection)
