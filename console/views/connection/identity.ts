import { css, html, LitElement, nothing } from 'lit'
import { readPairs, writePairs } from '../../session/pairs-text.js'
import type { Identity, Session } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { panelStyles } from '../panel-styles.js'
import { Watch } from '../watch.js'
import './auth-editor.js'

const TRANSPORTS = {
  default: 'polling, then websocket',
  websocket: 'websocket only',
  polling: 'polling only',
}

/** Who the page is for the server: `auth`, and what the handshake has. */
class NspIdentity extends LitElement {
  static override properties = { workspace: { attribute: false }, session: { attribute: false } }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 10px; }
      label { display: grid; gap: 3px; align-content: start; }
      textarea { min-height: 3.6rem; }
    `,
  ]

  declare workspace: Workspace
  declare session: Session
  readonly #watch = new Watch(this)

  override render() {
    const { workspace, session } = this
    const { label, query, headers, transports } = this.#watch.of(session.identity)
    const isAlone = this.#watch.of(workspace.sessions).length === 1
    const joined = this.#watch.of(session.lanes).filter(({ state }) => state.status !== 'left')
    return html`
      <h3>Identity</h3>
      <div class="fields">
        <label>Label <input .value=${label} @change=${this.#on((text) => ({ label: text || label }))} /></label>
        <label>Transports
          <select .value=${transports} @change=${this.#on((text) => ({ transports: text as Identity['transports'] }))}>
            ${Object.entries(TRANSPORTS).map(([name, title]) => html`<option value=${name} ?selected=${name === transports}>${title}</option>`)}
          </select>
        </label>
        <label>Query of the handshake
          <textarea rows="2" spellcheck="false" placeholder="name: value" .value=${writePairs(query)}
            @change=${this.#on((text) => ({ query: readPairs(text) }))}></textarea>
        </label>
        <label>Headers of the handshake
          <textarea rows="2" spellcheck="false" placeholder="name: value" .value=${writePairs(headers)}
            @change=${this.#on((text) => ({ headers: readPairs(text) }))}></textarea>
        </label>
      </div>
      <p class="hint">Another query, header or transport reconnects at once. A browser sends headers with polling only.</p>
      <nsp-auth .session=${session}></nsp-auth>
      <p class="hint">${cookieWords()}</p>
      <div class="row">
        <button ?disabled=${joined.length === 0} @click=${() => this.#rejoin()}>Rejoin all with this auth</button>
        ${isAlone ? nothing : html`<button @click=${() => workspace.removeSession(session)}>Close this identity</button>`}
      </div>
    `
  }

  /** A listener that changes the identity by the value of a field. */
  #on(change: (text: string) => Partial<Identity>) {
    return ({ target }: Event) => {
      const { value } = target as HTMLInputElement // the three kinds of fields have a value
      this.session.become({ ...this.session.identity.getSnapshot(), ...change(value) })
    }
  }

  #rejoin(): void {
    const { session } = this
    for (const { address, state } of session.lanes.getSnapshot()) if (state.status !== 'left') session.rejoin(address)
  }
}

/** The names of the cookies that the page can read. */
function cookieWords(): string {
  const names = document.cookie.split(';').flatMap((cookie) => cookie.split('=')[0]?.trim() || [])
  const seen = names.length === 0 ? 'The page sees none' : `The page sees ${visibleText(names.join(', '))}`
  return `The browser sends its cookies by itself. ${seen}; it can’t see those that are HttpOnly.`
}

customElements.define('nsp-identity', NspIdentity)
