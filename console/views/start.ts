import { css, html, LitElement } from 'lit'
import type { Workspace } from '../workbench/workspace.js'
import { baseStyles } from './base-styles.js'
import { Watch } from './watch.js'

/** What the page shows first: how many namespaces there are, and what to do. */
class NspStart extends LitElement {
  static override properties = { workspace: { attribute: false } }
  static override styles = [
    baseStyles,
    css`
      :host { max-width: 34rem; margin: 8vh auto 0; }
      h2 { font-size: 1.125rem; margin-bottom: 8px; }
      ol { display: grid; gap: 8px; margin-block: 14px; counter-reset: step; }
      li { display: grid; grid-template-columns: 1.7em 1fr; counter-increment: step; }
      li::before { content: counter(step); color: var(--accent); font-weight: 600; }
      kbd { padding: 0 5px; border: 1px solid var(--edge); border-radius: 4px; font: 0.8125rem var(--mono); }
    `,
  ]

  declare workspace: Workspace
  readonly #watch = new Watch(this)

  override render() {
    const { namespaces } = this.#watch.of(this.workspace.description)
    const events = namespaces.reduce((sum, { events }) => sum + Object.keys(events).length, 0)
    return html`
      <h2>${counted(namespaces.length, 'namespace')}, ${counted(events, 'event')}</h2>
      <p class="hint">All namespaces that you join here share one connection.</p>
      <ol>
        <li><span>Choose an event: <kbd>/</kbd> searches.</span></li>
        <li><span>Send it with <kbd>Ctrl</kbd> <kbd>Enter</kbd>. Its namespace is joined first.</span></li>
        <li><span>The log shows everything that is sent and received.</span></li>
      </ol>
      <p class="hint"><kbd>?</kbd> lists all keys.</p>
    `
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

customElements.define('nsp-start', NspStart)
