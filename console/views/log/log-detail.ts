import { css, html, LitElement, nothing } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import { type Change, diffOf } from '../../log/log-diff.js'
import type { LogEntry, LogStore } from '../../log/log-types.js'
import { visibleText } from '../../shared/visible-text.js'
import { baseStyles } from '../base-styles.js'
import '../copy-button.js'
import { kindMarks } from './kind-marks.js'
import { timeOfDay } from './time-of-day.js'

const SHOWN_CHARACTERS = 200_000
const MARKS = { added: '+', removed: '−', changed: '~' } as const

/**
 * An entry in detail. Fires `nsp-close`, and `nsp-use-entry` (CustomEvent<LogEntry>, bubbles) if what was sent shall be sent again.
 */
export class NspLogDetail extends LitElement {
  static override properties = {
    entry: { attribute: false },
    log: { attribute: false },
    isDiff: { state: true },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr); min-height: 0; background: var(--surface); }
      header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; padding: 8px 12px; }
      h2 { font: 600 0.8125rem/1.5 var(--mono); }
      .facts { flex: 1 1 12rem; }
      .content { overflow: auto; padding: 8px 12px; border-block-start: 1px solid var(--rule); background: var(--sunken); }
      pre { white-space: pre-wrap; }
      li { display: grid; grid-template-columns: 1rem minmax(0, 1fr); padding-block: 3px; border-bottom: 1px solid var(--rule); }
      li p { grid-column: 2; }
      .added { color: var(--accent); }
      .removed { color: var(--red); }
      .changed b { color: var(--amber); }
      .path { font-weight: 600; }
    `,
  ]

  declare entry: LogEntry
  declare log: LogStore
  declare isDiff: boolean

  constructor() {
    super()
    this.isDiff = false
  }

  override render() {
    const { entry, isDiff } = this
    const { kind, address, event, identity, at, ms, text, isError } = entry
    const facts = [
      address && visibleText(address, 100),
      timeOfDay(at),
      `identity ${identity}`,
      ms !== undefined && `${ms.toFixed(ms < 10 ? 1 : 0)} ms`,
      `${new Blob([text]).size.toLocaleString('en')} bytes`,
    ]
    return html`
      <header @keydown=${this.#keyDown}>
        <h2>${visibleText(event, 200)}</h2>
        <span class="badge ${isError ? 'bad' : ''}">${kindMarks[kind].join(' ')}${isError ? ', error' : ''}</span>
        <span class="hint facts">${facts.filter(Boolean).join(' · ')}</span>
        <div class="row">
          ${kind === 'out' ? html`<button @click=${this.#use}>Use as payload</button>` : nothing}
          <button aria-pressed=${isDiff} @click=${this.#toggleDiff}>Diff</button>
          ${keyed(entry, html`<nsp-copy .text=${() => this.#pretty()}></nsp-copy>`)}
          <button class="quiet" aria-label="Close the entry" @click=${this.#close}>✕</button>
        </div>
      </header>
      <div class="content" tabindex="0" role="region" aria-label=${isDiff ? 'Difference to the previous' : 'Arguments'} @keydown=${this.#keyDown}>
        ${isDiff ? this.#diff() : html`<pre>${visibleText(this.#pretty(), SHOWN_CHARACTERS)}</pre>`}
      </div>
    `
  }

  #pretty(): string {
    const value = payloadOf(this.entry)
    return value === undefined ? '' : JSON.stringify(value, null, 2)
  }

  #diff() {
    const previous = this.log.entries().findLast((each) => isBefore(each, this.entry))
    if (!previous) return html`<p class="hint">There is no earlier one of this event.</p>`
    const changes = diffOf(payloadOf(previous), payloadOf(this.entry))
    if (changes.length === 0) return html`<p class="hint">The same as at ${timeOfDay(previous.at)}.</p>`
    return html`<p class="hint">Since ${timeOfDay(previous.at)}:</p><ul class="mono">${changes.map(changeOf)}</ul>`
  }

  #toggleDiff(): void {
    this.isDiff = !this.isDiff
  }

  #use(): void {
    this.dispatchEvent(new CustomEvent('nsp-use-entry', { detail: this.entry, bubbles: true, composed: true }))
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent('nsp-close'))
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#close()
  }
}

/** The argument, if there is only one; else all of them. */
function payloadOf({ text }: LogEntry): unknown {
  const args: unknown[] = JSON.parse(text)
  return args.length < 2 ? args[0] : args
}

function isBefore(each: LogEntry, entry: LogEntry): boolean {
  const keys = ['kind', 'identity', 'address', 'event'] as const
  return each.number < entry.number && keys.every((key) => each[key] === entry[key])
}

function changeOf({ kind, path, before, after }: Change) {
  return html`<li class=${kind}>
    <b aria-label=${kind}>${MARKS[kind]}</b>
    <span class="path">${visibleText(path || '(all)', 200)}</span>
    ${kind === 'added' ? nothing : html`<p class="removed">− ${shorten(before)}</p>`}
    ${kind === 'removed' ? nothing : html`<p class="added">+ ${shorten(after)}</p>`}
  </li>`
}

function shorten(value: unknown): string {
  return visibleText(JSON.stringify(value), 300)
}

customElements.define('nsp-log-detail', NspLogDetail)
