import { css, html, LitElement, nothing } from 'lit'
import type { Selection, Workspace } from '../workbench/workspace.js'
import { baseStyles } from './base-styles.js'
import { Watch } from './watch.js'

/** The page: the tree on the left, what is selected in the middle, the log on the right or below. */
export class NspApp extends LitElement {
  static override properties = { workspace: { attribute: false }, pane: { state: true } }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; grid-template: auto 1fr / minmax(0, 1fr); height: 100dvh; }
      header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 8px 14px; border-bottom: 1px solid var(--rule); background: var(--surface); }
      h1 { font: 600 0.9375rem/1.4 var(--mono); margin: 0 auto 0 0; overflow-wrap: anywhere; }
      .panes { display: grid; min-height: 0; grid-template-columns: minmax(200px, 20rem) minmax(320px, 1fr) minmax(300px, 34rem); }
      .pane { min-width: 0; min-height: 0; overflow: auto; padding: 12px 14px; }
      .pane + .pane { border-inline-start: 1px solid var(--rule); }
      .middle { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 18px; align-content: start; }
      nav.tabs { display: none; }
      @media (max-width: 1100px) {
        .panes { grid-template: minmax(0, 3fr) minmax(0, 2fr) / minmax(180px, 16rem) minmax(0, 1fr); }
        .log { grid-column: 1 / -1; border-block-start: 1px solid var(--rule); }
        .pane.log { border-inline-start: 0; }
      }
      @media (max-width: 720px) {
        :host { grid-template-rows: auto auto 1fr; }
        nav.tabs { display: flex; gap: 4px; padding: 6px 10px; border-bottom: 1px solid var(--rule); }
        .panes { display: block; overflow: hidden; }
        .pane { height: 100%; border: 0 !important; }
        .pane:not(.shown) { display: none; }
        .middle { grid-auto-flow: row; }
      }
    `,
  ]

  declare workspace: Workspace
  declare pane: 'tree' | 'middle' | 'log'
  readonly #watch = new Watch(this)

  constructor() {
    super()
    this.pane = 'tree'
  }

  /** Shows the page of a workspace. */
  static start(workspace: Workspace): void {
    customElements.define('nsp-app', NspApp)
    for (const app of document.querySelectorAll<NspApp>('nsp-app')) app.workspace = workspace
  }

  override render() {
    if (!this.workspace) return nothing
    const { config, selection, sessions } = this.workspace
    return html`
      <header><h1>${config.title}</h1></header>
      <nav class="tabs" aria-label="Parts of the page">
        ${(['tree', 'middle', 'log'] as const).map(
          (pane) =>
            html`<button aria-pressed=${this.pane === pane} @click=${() => this.#show(pane)}>${TABS[pane]}</button>`,
        )}
      </nav>
      <div class="panes">
        <nav class="pane tree ${this.pane === 'tree' ? 'shown' : ''}" aria-label="Namespaces">
          <nsp-tree .workspace=${this.workspace}></nsp-tree>
        </nav>
        <main class="pane middle ${this.pane === 'middle' ? 'shown' : ''}">
          ${this.#watch.of(sessions).map((session) => this.#middle(this.#watch.of(selection), session))}
        </main>
        <section class="pane log ${this.pane === 'log' ? 'shown' : ''}" aria-label="Log">
          <nsp-log .workspace=${this.workspace}></nsp-log>
        </section>
      </div>
    `
  }

  #show(pane: 'tree' | 'middle' | 'log'): void {
    this.pane = pane
  }

  #middle(selection: Selection, session: unknown) {
    const { workspace } = this
    switch (selection.view) {
      case 'namespace':
        return html`<nsp-namespace .workspace=${workspace} .session=${session} .name=${selection.name}></nsp-namespace>`
      case 'event':
        return html`<nsp-event .workspace=${workspace} .session=${session} .name=${selection.name} .event=${selection.event}></nsp-event>`
      case 'emit':
        return html`<nsp-emit .workspace=${workspace} .session=${session} .name=${selection.name} .event=${selection.event}></nsp-emit>`
      case 'plain':
        return html`<nsp-plain .workspace=${workspace} .session=${session} .name=${selection.name}></nsp-plain>`
      case 'connection':
        return html`<nsp-connection .workspace=${workspace} .session=${session}></nsp-connection>`
      default:
        return html`<p class="hint">Choose an event on the left.</p>`
    }
  }
}

const TABS = { tree: 'Namespaces', middle: 'Event', log: 'Log' }
