import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import type { Problem } from '../shared/problem.js'
import { visibleText } from '../shared/visible-text.js'
import type { CodeEditor } from './code-mirror.js'
import type { JsonCatalog } from './json-catalog.js'
import { LONGEST_TEXT } from './longest-text.js'

/**
 * An editor of a text of JSON with completion and checks by a schema. A plain field until its code is loaded.
 *
 * Dispatches `nsp-input`, a CustomEvent with the text, on each edit.
 */
export class NspJsonEditor extends LitElement {
  static override properties = {
    value: { attribute: false },
    schema: { attribute: false },
    shared: { attribute: false },
    label: { attribute: false },
    problems: { attribute: false },
    about: { state: true },
  }
  static override styles = css`
    :host { display: grid; gap: 4px; min-width: 0; }
    .frame { display: grid; min-height: 7rem; max-height: 60vh; overflow: hidden; border: 1px solid var(--edge); border-radius: 7px; background: var(--surface); }
    .frame:focus-within { outline: 2px solid var(--accent); outline-offset: 1px; }
    .code { min-width: 0; min-height: 0; overflow: hidden; }
    [hidden] { display: none; }
    textarea {
      box-sizing: border-box; width: 100%; min-height: 7rem; padding: 8px 10px; border: 0; outline: 0; resize: vertical;
      background: none; color: inherit; font: 0.8125rem/1.6 var(--mono);
    }
    p { margin: 0; min-height: 1.25rem; color: var(--soft); font-size: 0.8125rem; overflow-wrap: anywhere; }
    p.wrong { color: var(--red); }
  `

  declare value: string
  declare schema: JsonSchema | undefined
  declare shared: Record<string, JsonSchema>
  declare label: string
  /** What the server has found wrong with the value. */
  declare problems: readonly Problem[]
  declare about: { readonly text: string; readonly isWrong: boolean }
  #editor: CodeEditor | undefined
  #catalog: JsonCatalog | undefined
  #createCatalog: typeof import('./json-catalog.js').createJsonCatalog | undefined
  #position = 0

  constructor() {
    super()
    this.value = ''
    this.shared = {}
    this.label = 'JSON'
    this.problems = []
    this.about = { text: '', isWrong: false }
  }

  override focus(): void {
    if (this.#editor) this.#editor.focus()
    else this.#field?.focus()
  }

  get #field() {
    return this.renderRoot.querySelector('textarea')
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#editor?.close()
    this.#editor = undefined
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('schema') || changed.has('shared') || changed.has('problems')) this.#catalog = undefined
    if (this.value.length > LONGEST_TEXT) this.#becomePlain()
    else this.#showCode()
  }

  #showCode(): void {
    if (!this.#editor) void this.#becomeCode()
    this.#editor?.setText(this.value)
    if (!this.#catalog) this.#editor?.recheck()
    this.#describe()
  }

  #becomePlain(): void {
    if (this.#editor) {
      this.#editor.close()
      this.#editor = undefined
      this.requestUpdate()
    }
    this.#say('Too long for checks: the server checks it.')
  }

  #say(text: string, isWrong = false): void {
    if (text !== this.about.text) this.about = { text, isWrong }
  }

  async #becomeCode(): Promise<void> {
    const [{ createCodeEditor }, { createJsonCatalog }] = await Promise.all([
      import('./code-mirror.js'),
      import('./json-catalog.js'),
    ])
    const parent = this.renderRoot.querySelector<HTMLElement>('.code')
    if (this.#editor || !parent || !this.isConnected || this.value.length > LONGEST_TEXT) return
    this.#createCatalog = createJsonCatalog
    const field = this.#field
    const isFocused = (this.renderRoot as ShadowRoot).activeElement === field // Lit renders into a shadow root
    this.#editor = createCodeEditor(parent, {
      value: this.value,
      label: this.label,
      catalog: () => this.#read(),
      onInput: (text) => this.#tell(text),
      onMove: (position) => {
        this.#position = position
        this.#describe()
      },
    })
    this.requestUpdate()
    await this.updateComplete // until then it is hidden, and what is hidden takes no focus
    if (isFocused) this.#editor?.focus(field?.selectionStart)
  }

  #read(): JsonCatalog {
    this.#catalog ??= this.#createCatalog?.(this.schema ?? {}, this.shared, this.problems)
    return this.#catalog as JsonCatalog // called by the editor only, which is created after it
  }

  #tell(text: string): void {
    this.value = text
    this.dispatchEvent(new CustomEvent('nsp-input', { detail: text, bubbles: true, composed: true }))
  }

  /** Says what is wrong at the cursor, else how much is wrong elsewhere, else what the schema says about the place. */
  #describe(): void {
    if (!this.#editor) return
    const problems = this.#read().problemsOf(this.value)
    const here = problems.find(({ from, to }) => from <= this.#position && this.#position <= to) ?? problems[0]
    const hint = this.#read().hintAt(this.value, this.#position)
    const more = problems.length > 1 ? ` (${problems.length} problems; F8: next)` : ''
    const text = here
      ? visibleText(here.message, 500) + more
      : [hint?.summary, hint?.description].filter(Boolean).join(' – ')
    this.#say(text, here !== undefined)
  }

  override render() {
    return html`<div class="frame"><div class="code" ?hidden=${!this.#editor}></div>${
      this.#editor
        ? nothing
        : html`<textarea rows="6" spellcheck="false" aria-label=${this.label} aria-describedby="about" .value=${this.value}
            @input=${({ target }: InputEvent) => this.#tell((target as HTMLTextAreaElement).value)}></textarea>`
    }</div><p id="about" class=${this.about.isWrong ? 'wrong' : ''} aria-live="polite">${this.about.text}</p>`
  }
}

customElements.define('nsp-json-editor', NspJsonEditor)
