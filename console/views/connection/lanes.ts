import { css, html, LitElement } from 'lit'
import type { Lane, Session } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { panelStyles } from '../panel-styles.js'
import { Watch } from '../watch.js'
import { laneBadge, laneOutcome, REJOIN_TITLE } from './lane-words.js'
import { refusal } from './refusal.js'

/** Milliseconds as they are shown. */
export function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

/** The namespaces of a session: where each stands, its counts, and leaving and joining it. */
class NspLanes extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host { container-type: inline-size; }
      tbody th { color: inherit; min-width: 9rem; }
      td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
      td.actions { padding-inline-end: 0; }
      td.actions .row { flex-wrap: nowrap; justify-content: end; gap: 4px; }
      button { min-height: 26px; padding: 2px 8px; font-size: 0.8125rem; }
      button.address { padding: 0; border: 0; min-height: 24px; background: none; color: var(--accent); font: 600 0.8125rem var(--mono); text-align: start; overflow-wrap: anywhere; }
      button.address:hover { text-decoration: underline; }
      @container (max-width: 720px) {
        thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
        tr { display: grid; grid-template-columns: repeat(4, auto); padding: 6px 0; border-bottom: 1px solid var(--rule); }
        tbody th, td { border: 0; padding-block: 2px; }
        tbody th, td.actions { grid-column: 1 / -1; }
        td.number { text-align: start; }
        td.number::before { content: attr(data-title) " "; color: var(--soft); }
        td.actions .row { justify-content: start; }
      }
    `,
  ]

  declare workspace: Workspace
  declare session: Session
  /** Only the addresses of this name; else all. */
  declare name: string | undefined
  readonly #watch = new Watch(this)
  /** Where each address stood when it was rendered last. */
  #known = new Map<string, string>()
  #news = ''

  override render() {
    const lanes = this.#watch.of(this.session.lanes).filter(({ name }) => !this.name || name === this.name)
    this.#compare(lanes)
    return html`<p class="visually-hidden" aria-live="polite">${this.#news}</p>${this.#table(lanes)}`
  }

  /** Says what has changed. Counts change all the time. */
  #compare(lanes: readonly Lane[]): void {
    const changed = lanes.filter(({ address, state }) => this.#known.get(address) !== state.status)
    this.#known = new Map(lanes.map(({ address, state }) => [address, state.status]))
    if (changed.length === 0) return
    this.#news = changed
      .slice(0, 3)
      .map((lane) => [visibleText(lane.address, 60), lane.state.status, laneOutcome(lane)].filter(Boolean).join(', '))
      .join('. ')
    if (changed.length > 3) this.#news += `, and ${changed.length - 3} more`
  }

  #table(lanes: readonly Lane[]) {
    if (lanes.length === 0) return html`<p class="hint">Nothing has been joined yet.</p>`
    return html`<table>
      <thead><tr>
        <th scope="col">Namespace</th><th scope="col" class="number">Joined in</th><th scope="col" class="number">Joins</th>
        <th scope="col" class="number">Sent</th><th scope="col" class="number">Received</th>
        <th scope="col"><span class="visually-hidden">Actions</span></th>
      </tr></thead>
      <tbody>${lanes.map((lane) => this.#row(lane))}</tbody>
    </table>`
  }

  #row(lane: Lane) {
    const { address, name, state, joinMs, joinedAt, joins, up, down } = lane
    const title = joinedAt === undefined ? '' : `Joined at ${new Date(joinedAt).toLocaleTimeString()}`
    return html`<tr>
      <th scope="row">
        <div class="row">
          <button class="address" @click=${() => this.workspace.selection.set({ view: 'namespace', name })}>${visibleText(address, 200)}</button>
          ${laneBadge(lane)}
        </div>
        <span class="hint">${laneOutcome(lane)}</span>
        ${state.status === 'refused' ? refusal(state.error) : ''}
      </th>
      <td class="number" data-title="Joined in" title=${title}>${joinMs === undefined ? '–' : inMs(joinMs)}</td>
      <td class="number" data-title="Joins">${joins}</td>
      <td class="number" data-title="Sent">${up}</td>
      <td class="number" data-title="Received">${down}</td>
      <td class="actions"><div class="row">
        <button aria-label="Rejoin ${address}" title=${REJOIN_TITLE} @click=${() => this.session.rejoin(address)}>Rejoin</button>
        <button aria-label="Leave ${address}" ?disabled=${state.status === 'left'}
          @click=${() => this.session.leave(address)}>Leave</button>
      </div></td>
    </tr>`
  }
}

customElements.define('nsp-lanes', NspLanes)
