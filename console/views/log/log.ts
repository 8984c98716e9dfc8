import { css, html, LitElement, nothing } from 'lit'
import { termsOf, toggleTerm } from '../../log/log-filter.js'
import type { LogEntry } from '../../log/log-types.js'
import { createLogView, type LogView } from '../../log/log-view.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import { count, countOf } from './entry-counts.js'
import { kindMarks } from './kind-marks.js'
import './log-rows.js'
import type { NspLogRows } from './log-rows.js'

const KINDS = ['in', 'out', 'ack', 'item', 'note'] as const

/** The log of everything in and out: a filter, the rows, and an entry in detail. */
export class NspLog extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    selected: { state: true },
    summary: { state: true },
    isOpen: { type: Boolean, attribute: 'open', reflect: true },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr); height: 100%; background: var(--paper); }
      :host([open]) { grid-template-rows: auto minmax(0, 1fr) minmax(0, 1.2fr); }
      .bar { position: relative; display: grid; gap: 6px; padding: 8px 12px; }
      .bar .row { gap: 4px; }
      .bar button { font-size: 0.8125rem; }
      .field { flex: 1 1 11rem; }
      .field input { width: 100%; font-family: var(--mono); font-size: 0.8125rem; }
      .field input[aria-invalid="true"] { border-color: var(--red); }
      .syntax {
        position: absolute; z-index: 2; inset: calc(100% + 4px) 12px auto; padding: 8px 10px; pointer-events: none;
        border: 1px solid var(--edge); border-radius: 7px; background: var(--surface);
      }
      .field:not(:focus-within) .syntax { display: none; }
      .bar .kind { min-height: 24px; padding: 0 8px; font-size: 0.75rem; border-radius: 99px; border-color: var(--rule); }
      .kind[aria-pressed="false"] { color: var(--soft); text-decoration: line-through; }
      .kind[aria-pressed="true"] { background: none; border-color: var(--edge); }
      .kind.bad[aria-pressed="true"] { background: var(--red-tint); border-color: var(--red); color: var(--red); }
      .kind.bad { text-decoration: none; }
      .held { background: var(--amber-tint); border-color: var(--amber); }
      .count { margin-inline-start: auto; font-size: 0.75rem; font-variant-numeric: tabular-nums; }
    `,
  ]

  declare workspace: Workspace
  declare selected: LogEntry | undefined
  /** What a screen reader says after a change that the reader has made. */
  declare summary: string
  /** Whether the selected entry is shown in detail. */
  declare isOpen: boolean
  #view: LogView | undefined
  readonly #watch = new Watch(this)

  override willUpdate(): void {
    if (this.workspace) this.#view ??= createLogView(this.workspace.log)
  }

  override render() {
    const view = this.#view
    if (!view) return nothing
    const { sessions, log } = this.workspace
    const { held, dropped } = this.#watch.of(log.counts)
    view.update()
    const terms = termsOf(view.filter)
    const shown = view.rows.size
    return html`
      <div class="bar">
        <div class="row">
          <div class="field">
            <input
              type="search" aria-label="Filter" placeholder="Filter" autocomplete="off" spellcheck="false"
              aria-describedby="syntax" aria-invalid=${view.problem !== undefined}
              .value=${view.filter}
              @input=${(event: InputEvent) => this.filter((event.target as HTMLInputElement).value)}
              @keydown=${this.#keyDown}
            />
            <p id="syntax" class="syntax hint">
              ${view.problem === undefined ? nothing : html`<span class="error">${view.problem}</span><br />`}
              <code>ns:/chat</code> <code>ev:message:*</code> <code>id:1</code> <code>is:error</code> <code>text</code>
              <code>"two words"</code> <code>/regex/i</code>; <code>-</code> before a term excludes it
            </p>
          </div>
          <button class=${view.isPaused ? 'held' : ''} aria-keyshortcuts="p" @click=${this.togglePause}>
            ${view.isPaused ? `Resume, ${count(view.waiting)} wait` : 'Pause'}
          </button>
          <button ?disabled=${held === 0} @click=${this.#clear}>Clear</button>
          <button ?disabled=${shown === 0} @click=${this.#export}>Export</button>
        </div>
        <div class="row">
          <div class="row" role="group" aria-label="Kinds">
            ${KINDS.map((kind) => this.#toggle(`-is:${kind}`, !terms.includes(`-is:${kind}`), kindOf(kind)))}
            ${this.#toggle('is:error', terms.includes('is:error'), '✕ errors only', 'bad')}
          </div>
          <span class="count hint">${countOf(shown, held, dropped)}</span>
        </div>
        <p class="visually-hidden" role="status">${this.summary}</p>
      </div>
      <nsp-log-rows
        .view=${view} .selected=${this.selected} .hasIdentities=${this.#watch.of(sessions).length > 1}
        @nsp-select=${({ detail }: CustomEvent<LogEntry>) => {
          this.selected = detail
        }}
        @nsp-open=${this.#open} @nsp-close=${this.#close}
      ></nsp-log-rows>
      ${
        this.isOpen && this.selected
          ? html`<nsp-log-detail .entry=${this.selected} .log=${log} @nsp-close=${this.#close}></nsp-log-detail>`
          : nothing
      }
    `
  }

  protected override updated(): void {
    // The rows are the same object, whose content has changed.
    this.#rows?.requestUpdate()
  }

  get #rows(): NspLogRows | null {
    return this.renderRoot.querySelector('nsp-log-rows')
  }

  /** Lets the rows stand still, or go on. */
  togglePause(): void {
    this.#view?.togglePause()
    this.#say(this.#view?.isPaused ? 'Paused' : 'Resumed')
  }

  focusFilter(): void {
    const input = this.renderRoot.querySelector('input')
    input?.focus()
    input?.select()
  }

  /** Sets the filter. */
  filter(text: string): void {
    this.#view?.setFilter(text)
    this.#rows?.follow()
    this.#say(this.#view?.problem ?? `${count(this.#view?.rows.size ?? 0)} entries match`)
  }

  #toggle(term: string, isPressed: boolean, label: string, style = '') {
    return html`<button
      class="kind ${style}" aria-pressed=${isPressed}
      @click=${() => this.filter(toggleTerm(this.#view?.filter ?? '', term))}
    >${label}</button>`
  }

  #say(summary: string): void {
    this.summary = summary
    this.requestUpdate()
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return
    if (this.#view?.filter === '') this.#rows?.focus()
    else this.filter('')
    event.preventDefault()
  }

  #clear(): void {
    this.#view?.clear()
    this.#rows?.follow()
    this.#close()
    this.#say('Cleared')
  }

  async #export(): Promise<void> {
    const { saveLog } = await import('./log-download.js')
    const saved = await saveLog(this.#view?.rows.slice() ?? [], this.workspace.variables.redact)
    this.#say(`${count(saved)} entries exported`)
  }

  async #open(): Promise<void> {
    await import('./log-detail.js')
    this.isOpen = true
  }

  #close(): void {
    const hadFocus = this.renderRoot.querySelector('nsp-log-detail')?.matches(':focus-within')
    this.isOpen = false
    if (hadFocus) this.#rows?.focus()
  }
}

function kindOf(name: (typeof KINDS)[number]): string {
  return name === 'ack' ? '↩ ack' : kindMarks[name].join(' ')
}

customElements.define('nsp-log', NspLog)
