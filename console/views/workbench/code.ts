import { css, html, LitElement, nothing } from 'lit'
import type { Session } from '../../session/session-types.js'
import type { Snippet } from '../../workbench/code/snippet-subject.js'
import { writeLink } from '../../workbench/link.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'

/** A link to what is on the screen, and code for it. */
class NspCode extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
    event: { attribute: false },
    text: { attribute: false },
    shown: { state: true },
    said: { state: true },
    load: { state: true },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 8px; margin-block-start: 12px; padding-block-start: 10px; border-block-start: 1px solid var(--rule); }
      pre { overflow: auto; max-height: 26rem; padding: 12px; border-radius: 8px; background: var(--sunken); overflow-wrap: normal; tab-size: 2; }
    `,
  ]

  declare workspace: Workspace
  declare session: Session
  declare name: string
  declare event: string
  declare text: string
  /** The number of the snippet that is shown; undefined: none. */
  declare shown: number | undefined
  declare said: string
  declare load: (() => readonly Snippet[]) | undefined

  constructor() {
    super()
    this.said = ''
  }

  override render() {
    const snippets = this.shown === undefined ? [] : (this.load?.() ?? [])
    const { shown = 0, said } = this
    const snippet = snippets[shown]
    return html`
      <div class="row">
        <button class="quiet" @click=${this.#copyLink}>Copy link</button>
        <button class="quiet" aria-expanded=${this.shown !== undefined} @click=${this.#toggle}>Code</button>
        <span class="hint" role="status">${said}</span>
      </div>
      ${
        snippet
          ? html`
            <div class="row" role="group" aria-label="Client">
              ${snippets.map(
                ({ title }, index) =>
                  html`<button class="quiet" aria-pressed=${index === shown} @click=${() => this.#show(index)}>${title}</button>`,
              )}
            </div>
            <pre tabindex="0" aria-label=${snippet.title}>${snippet.text}</pre>
            <div class="row"><button @click=${() => this.#copy(snippet.text)}>Copy code</button></div>
          `
          : nothing
      }
    `
  }

  #show(index: number): void {
    this.shown = index
  }

  async #toggle(): Promise<void> {
    const { subjectOf, writeSnippets } = await import('../../workbench/code/write-snippets.js')
    this.load = () => writeSnippets(subjectOf(this, location.origin))
    this.shown = this.shown === undefined ? 0 : undefined
  }

  #copyLink(): Promise<void> {
    const { workspace, session, name, event, text } = this
    const { selection, variables, drafts } = workspace
    const shown = selection.getSnapshot()
    const params = shown.view === 'plain' ? { event } : (drafts.get(session.number, name, event)?.params ?? {})
    const values = Object.entries(params).map(([key, value]) => [key, variables.redact(value)])
    const draft = { text: variables.redact(text), params: Object.fromEntries(values) }
    const hash = writeLink({ selection: shown, ...(shown.view !== 'emit' && { draft }) })
    return this.#copy(location.href.replace(/#.*$/s, '') + hash)
  }

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      this.said = 'Copied'
    } catch {
      this.said = 'The browser does not allow to copy'
    }
  }
}

customElements.define('nsp-code', NspCode)
