import { css, html, LitElement, nothing, type TemplateResult } from 'lit'
import type { PaletteCommand } from '../../workbench/palette-commands.js'
import type { Recorder } from '../../workbench/scenario/recorder.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import { followLinks } from './follow-links.js'
import { listenToKeys } from './keyboard.js'

type Panel = keyof typeof PANELS

/** The tools of the page, in its header. What they open is loaded when it is opened. */
class NspTools extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    panel: { state: true },
    content: { state: true },
    recorder: { state: true },
  }
  static override styles = [
    baseStyles,
    css`
      :host, nav { display: flex; flex-wrap: wrap; align-items: center; gap: 2px; }
      select { max-width: 9rem; }
      kbd { font: 0.75rem var(--mono); color: var(--soft); }
      dialog {
        width: min(46rem, calc(100vw - 16px)); max-height: calc(100dvh - 32px); padding: 0; overflow: auto; color: inherit;
        border: 1px solid var(--rule); border-radius: 12px; background: var(--surface);
      }
      dialog.palette { margin-block-start: 12vh; width: min(36rem, calc(100vw - 16px)); }
      dialog::backdrop { background: rgb(0 0 0 / 0.45); }
      dialog > .top { position: sticky; top: 0; z-index: 1; justify-content: space-between; padding: 12px 16px 8px; background: inherit; }
      dialog > .content { padding: 0 16px 16px; }
      .recording { color: var(--red); }
      @media (max-width: 720px) { .wide { position: absolute; clip-path: inset(50%); } button, select { padding-inline: 6px; font-size: 0.8125rem; } }
    `,
  ]

  declare workspace: Workspace
  declare panel: Panel | undefined
  declare content: ((tools: NspTools) => TemplateResult) | undefined
  declare recorder: Recorder | undefined
  readonly #watch = new Watch(this)
  #ends: readonly (() => void)[] = []

  override firstUpdated(): void {
    const { storage } = this.workspace
    this.setTheme(String(storage.read('theme') ?? 'system'))
    this.#ends = [
      followLinks(this.workspace),
      listenToKeys({
        openPalette: () => this.open('palette'),
        openHelp: () => this.open('help'),
        areSingleKeysOn: () => storage.read('single-keys') !== false,
        isBusy: () => this.renderRoot.querySelector('dialog')?.open ?? false,
        onShortcut: (key) => {
          this.dispatchEvent(new CustomEvent('nsp-shortcut', { detail: key, bubbles: true, composed: true }))
          return new Promise((resolve) => requestAnimationFrame(() => resolve()))
        },
      }),
    ]
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    for (const end of this.#ends) end()
  }

  override render() {
    const { variables, sessions, storage } = this.workspace
    const { current, all } = this.#watch.of(variables.environments)
    const open = this.#watch.of(sessions)
    const steps = this.recorder && this.#watch.of(this.recorder.isOn) ? this.#watch.of(this.recorder.steps) : undefined
    const theme = String(storage.read('theme') ?? 'system')
    const button = (panel: Panel, text: unknown = PANELS[panel].title, name = '') =>
      html`<button class="quiet" aria-haspopup="dialog" aria-label=${name || nothing} @click=${() => this.open(panel)}>${text}</button>`
    return html`
      <nav aria-label="Tools">
        ${
          all.length > 1
            ? html`<select aria-label="Environment" @change=${(event: Event) => variables.set({ current: readValue(event), all })}>
                ${all.map(({ name }) => html`<option ?selected=${name === current}>${name}</option>`)}
              </select>`
            : nothing
        }
        ${button('environments')} ${button('history')}
        ${button('scenario', steps ? html`<span class="recording">● Recording: ${steps.length} steps</span>` : 'Scenario')}
        <button class="quiet" @click=${this.toggleIdentity}>${open.length === 1 ? '2nd identity' : 'One identity'}</button>
        <select aria-label="Theme" @change=${(event: Event) => this.setTheme(readValue(event))}>
          ${THEMES.map((one) => html`<option value=${one} ?selected=${one === theme}>${one}</option>`)}
        </select>
        ${button('palette', html`Go to <kbd class="wide">Ctrl K</kbd>`)} ${button('help', '?', 'Help')}
      </nav>
      ${this.#dialog()}
    `
  }

  #dialog() {
    const { panel, content } = this
    if (!panel || !content) return nothing
    const { title } = PANELS[panel]
    return html`
      <dialog class=${panel} aria-label=${title} @close=${this.close} @click=${this.#closeOutside}>
        <div class="row top">
          <h2>${title}</h2>
          <button class="quiet" aria-label="Close" @click=${this.close}>✕</button>
        </div>
        <div class="content">${content(this)}</div>
      </dialog>
    `
  }

  override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog')
    if (dialog && !dialog.open) dialog.showModal()
  }

  /** Opens a panel in a dialog, in place of the one that is open. */
  async open(panel: Panel): Promise<void> {
    const content = await PANELS[panel].load()
    this.close()
    await this.updateComplete
    this.panel = panel
    this.content = content
  }

  close(): void {
    // The browser gives the focus back.
    this.renderRoot.querySelector('dialog')?.close()
    this.panel = undefined
  }

  /** What the palette offers, apart from the places of the page. */
  commands(): readonly PaletteCommand[] {
    const action = (title: string, run: () => unknown): PaletteCommand => ({ title, hint: 'page', run })
    const sessions = this.workspace.sessions.getSnapshot()
    const panels: Panel[] = ['environments', 'history', 'scenario', 'help']
    return [
      ...panels.map((panel) => action(PANELS[panel].title, () => this.open(panel))),
      ...THEMES.map((theme) => action(`Theme: ${theme}`, () => this.setTheme(theme))),
      action('Second identity', () => this.toggleIdentity()),
      // Also while an event is shown: its stream ends when it is left.
      ...sessions.flatMap((session) => {
        const { label } = session.identity.getSnapshot()
        const whose = sessions.length > 1 ? `: ${label}` : ''
        return [
          action(`Drop the connection${whose}`, session.drop),
          action(`Block the network for 10 s${whose}`, () => session.block(10_000)),
        ]
      }),
    ]
  }

  /** Shows in the header that it records. */
  followRecorder(recorder: Recorder): void {
    this.recorder = recorder
  }

  setTheme(theme: string): void {
    this.workspace.storage.write('theme', theme)
    document.documentElement.dataset.theme = theme
    this.requestUpdate()
  }

  toggleIdentity(): void {
    const { sessions, addSession, removeSession } = this.workspace
    const [, second] = sessions.getSnapshot()
    if (second) removeSession(second)
    else addSession()
  }

  #closeOutside(event: Event): void {
    if (event.target === event.currentTarget) this.close()
  }
}

export type { NspTools }

const THEMES = ['system', 'light', 'dark']

const PANELS = {
  environments: {
    title: 'Variables',
    load: () => import('./environments.js').then(({ environmentsPanel }) => environmentsPanel),
  },
  history: { title: 'History', load: () => import('./history-list.js').then(({ historyPanel }) => historyPanel) },
  scenario: { title: 'Scenario', load: () => import('./scenario-panel.js').then(({ scenarioPanel }) => scenarioPanel) },
  palette: { title: 'Go to', load: () => import('./palette.js').then(({ palettePanel }) => palettePanel) },
  help: { title: 'Help', load: () => import('./help.js').then(({ helpPanel }) => helpPanel) },
}

function readValue(event: Event): string {
  return (event.target as HTMLSelectElement).value
}

customElements.define('nsp-tools', NspTools)
