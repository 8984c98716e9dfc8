import { css, html, LitElement } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { LogEntry } from '../log/log-types.js'
import type { Session } from '../session/session-types.js'
import { messageOf, openMessage } from '../workbench/message.js'
import type { Workspace } from '../workbench/workspace.js'
import { baseStyles } from './base-styles.js'
import './middle.js'
import './start.js'
import './tree/tree.js'
import { Watch } from './watch.js'
import './workbench/tools.js'

/** The parts of the page, of which a narrow one shows one at a time. */
const PARTS = { tree: 'Namespaces', middle: 'Event', log: 'Log' }

/** The page: the tree on the left, what is selected in the middle, the log on the right or below. */
class NspApp extends LitElement {
  static override properties = { workspace: { attribute: false }, shown: { state: true } }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; grid-template-rows: auto auto minmax(0, 1fr); height: 100dvh; }
      header {
        display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 7px 14px;
        border-bottom: 1px solid var(--rule); background: var(--surface);
      }
      header img { display: block; }
      h1 { margin: 0 auto 0 0; font: 600 0.9375rem / 1.4 var(--mono); overflow-wrap: anywhere; }
      nav.tabs { display: none; gap: 4px; padding: 6px 10px; border-bottom: 1px solid var(--rule); }
      .parts { display: grid; grid-row: 3; min-height: 0; grid-template-columns: 17rem minmax(0, 1fr) minmax(0, 0.85fr); }
      .part { min-width: 0; min-height: 0; overflow: auto; }
      .part + .part { border-inline-start: 1px solid var(--rule); }
      .tree { background: var(--sunken); }
      .middle { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); }
      .middle > * { min-width: 0; padding: 14px 18px 40px; }
      .middle > * + * { border-inline-start: 1px solid var(--rule); }
      .log { overflow: hidden; }
      @media (min-width: 1800px) { .parts { grid-template-columns: 20rem minmax(0, 1fr) minmax(0, 1fr); } }
      @media (max-width: 1180px) {
        .parts { grid-template: minmax(0, 3fr) minmax(0, 2fr) / 15rem minmax(0, 1fr); }
        .part.log { grid-column: 1 / -1; border-inline-start: 0; border-block-start: 1px solid var(--rule); }
      }
      @media (max-width: 720px) {
        nav.tabs { display: flex; }
        .parts { display: block; }
        .part { height: 100%; }
        .part + .part, .part.log { border: 0; }
        .part:not(.shown) { display: none; }
        .middle { grid-auto-flow: row; align-content: start; }
        .middle > * { padding-inline: 12px; }
        .middle > * + * { border-inline-start: 0; border-block-start: 1px solid var(--rule); }
      }
    `,
  ]

  declare workspace: Workspace
  declare shown: keyof typeof PARTS
  readonly #watch = new Watch(this)

  constructor() {
    super()
    this.shown = 'tree'
  }

  override firstUpdated(): void {
    // What was selected is what a narrow page shows next.
    this.workspace.selection.subscribe(() => {
      this.shown = 'middle'
    })
  }

  override render() {
    const { workspace } = this
    const { config, selection, sessions } = workspace
    const selected = this.#watch.of(selection)
    return html`
      <header>
        <img src="./favicon.svg" alt="" width="22" height="22" />
        <h1>${config.title}</h1>
        <nsp-tools .workspace=${workspace} @nsp-shortcut=${this.#showWhatHas}></nsp-tools>
      </header>
      <nav class="tabs" aria-label="Parts of the page">
        ${Object.entries(PARTS).map(
          ([part, title]) => html`
            <button class="quiet" aria-pressed=${this.shown === part} @click=${() => this.#show(part)}>${title}</button>
          `,
        )}
      </nav>
      <div class="parts">
        <nav class=${this.#classOf('tree')} aria-label="Namespaces">
          <nsp-tree .workspace=${workspace}></nsp-tree>
        </nav>
        <main class=${this.#classOf('middle')}>
          ${
            selected.view === 'start'
              ? html`<nsp-start .workspace=${workspace}></nsp-start>`
              : // When one identity is closed, the other one keeps what it shows.
                repeat(
                  this.#watch.of(sessions),
                  ({ number }) => number,
                  (session) => this.#middle(session),
                )
          }
        </main>
        <section class=${this.#classOf('log')} aria-label="Log">
          <nsp-log .workspace=${workspace} @nsp-use-entry=${this.#useEntry}></nsp-log>
        </section>
      </div>
    `
  }

  #middle(session: Session) {
    return html`<nsp-middle .workspace=${this.workspace} .session=${session}></nsp-middle>`
  }

  #classOf(part: keyof typeof PARTS): string {
    return `part ${part}${this.shown === part ? ' shown' : ''}`
  }

  /** A key acts on what is visible: a narrow page shows that part. */
  #showWhatHas({ detail }: CustomEvent<string>): void {
    this.shown = { '/': 'tree' as const, p: 'log' as const }[detail] ?? 'middle'
  }

  #useEntry({ detail: entry }: CustomEvent<LogEntry>): void {
    openMessage(this.workspace, messageOf(this.workspace, entry))
  }

  #show(part: string): void {
    this.shown = part as keyof typeof PARTS
  }
}

/** Shows the page of a workspace. */
export function startApp(workspace: Workspace): void {
  customElements.define('nsp-app', NspApp)
  const app = new NspApp()
  app.workspace = workspace
  document.body.append(app)
}

// After the tree: the log can come a moment later.
void import('./log/log.js')
