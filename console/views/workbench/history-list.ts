import { css, html, LitElement, nothing } from 'lit'
import { visibleText } from '../../shared/visible-text.js'
import type { SavedMessage, SentMessage } from '../../workbench/history.js'
import { type Message, openMessage } from '../../workbench/message.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import type { NspTools } from './tools.js'

const LONGEST_SHOWN = 160

/** What was sent and what was saved: a click puts it into its event, where it can be sent again. */
class NspHistory extends LitElement {
  static override properties = { workspace: { attribute: false }, naming: { state: true } }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 8px; }
      li { display: flex; gap: 6px; align-items: center; padding: 2px 0; border-bottom: 1px solid var(--rule); }
      li > button:first-child { flex: 1; min-width: 0; flex-wrap: wrap; gap: 0 10px; text-align: start; }
      code { color: var(--soft); }
      form { flex: 1; }
      form input { flex: 1; }
    `,
  ]

  declare workspace: Workspace
  /** The message that is being saved. */
  declare naming: SentMessage | undefined
  readonly #watch = new Watch(this)

  override render() {
    const { history } = this.workspace
    const saved = this.#watch.of(history.saved)
    const sent = this.#watch.of(history.sent)
    return html`
      <h3>Saved</h3>
      ${saved.length === 0 ? html`<p class="hint">Save what you have sent, to find it by a name.</p>` : nothing}
      <ul>${saved.map((message) => this.#saved(message))}</ul>
      <div class="row"><h3>Sent</h3>${sent.length > 0 ? html`<button class="quiet" @click=${history.clear}>Clear</button>` : nothing}</div>
      ${sent.length === 0 ? html`<p class="hint">Nothing was sent yet.</p>` : nothing}
      <ul>${sent.map((message) => (message === this.naming ? this.#form(message) : this.#sent(message)))}</ul>
    `
  }

  override updated(): void {
    this.renderRoot.querySelector<HTMLInputElement>('form input')?.focus()
  }

  #saved(message: SavedMessage) {
    return html`
      <li>
        ${this.#open(message, message.title)}
        <button class="quiet" aria-label="Remove ${visibleText(message.title)}" @click=${() => this.workspace.history.remove(message)}>✕</button>
      </li>
    `
  }

  #sent(message: SentMessage) {
    const save = () => {
      this.naming = message
    }
    return html`
      <li>${this.#open(message, message.event, new Date(message.at).toLocaleTimeString())}<button class="quiet" @click=${save}>Save…</button></li>
    `
  }

  #form(message: SentMessage) {
    const save = (event: SubmitEvent) => {
      event.preventDefault()
      const title = String(new FormData(event.target as HTMLFormElement).get('title')).trim()
      const { at: _at, ...rest } = message
      this.workspace.history.save({ ...rest, title: title || message.event })
      this.naming = undefined
    }
    return html`
      <li>
        <form class="row" @submit=${save}>
          <input name="title" aria-label="Name of the message" .value=${message.event} maxlength="120" />
          <button class="primary">Save</button>
        </form>
      </li>
    `
  }

  #open(message: Message, title: string, time = '') {
    const open = () => {
      openMessage(this.workspace, message)
      this.dispatchEvent(new CustomEvent('nsp-done', { bubbles: true, composed: true }))
    }
    return html`
      <button class="quiet" @click=${open}>
        <strong>${visibleText(title, LONGEST_SHOWN)}</strong><span class="hint">${visibleText(message.name, LONGEST_SHOWN)} ${time}</span>
        <code>${visibleText(message.text, LONGEST_SHOWN)}</code>
      </button>
    `
  }
}

export const historyPanel = (tools: NspTools) =>
  html`<nsp-history .workspace=${tools.workspace} @nsp-done=${() => tools.close()}></nsp-history>`

customElements.define('nsp-history', NspHistory)
