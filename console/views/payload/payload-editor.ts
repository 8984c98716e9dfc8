import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import { type BinaryPlace, binaryPlacesOf } from '../../catalog/payload/binary-places.js'
import { type FormField, fieldsOf } from '../../catalog/payload/form-fields.js'
import { namesOf, replaceAt } from '../../catalog/payload/json-parts.js'
import { type ReadPayload, readPayload } from '../../catalog/payload/payload.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'
import { withoutTwins } from '../../catalog/sent-problems.js'
import type { Problem } from '../../shared/problem.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { fileChoice, placeholderOf, problemOf } from './file-choice.js'
import './payload-form.js'
import { panelStyles } from '../panel-styles.js'
import { problemList } from './problem-list.js'
import { sampleText } from './sample-text.js'

/** How long the reader has stopped typing when the text is checked. */
const CHECK_AFTER_MS = 250

// It brings CodeMirror, which the page can be used without until it is loaded.
void import('../../editor/json-editor.js')

/** The payload, as JSON or as a form. Each edit fires `nsp-text` with the text. */
class NspPayload extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    label: { attribute: false },
    schema: { attribute: false },
    shared: { attribute: false },
    examples: { attribute: false },
    text: { attribute: false },
    sent: { attribute: false },
    isForm: { state: true },
    problems: { state: true },
    missing: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`:host { gap: 8px; } h3 { margin-inline-end: auto; } input[type="file"] { border: 0; padding-inline: 0; }`,
  ]

  declare workspace: Workspace
  declare label: string
  declare schema: JsonSchema | undefined
  declare shared: SharedSchemas
  declare examples: readonly unknown[] | undefined
  declare text: string
  /** The problems that the server has answered with. */
  declare sent: readonly Problem[]
  declare isForm: boolean
  declare problems: readonly Problem[]
  declare missing: boolean
  readonly #files = new Map<string, Uint8Array>()
  #fields: readonly FormField[] | undefined
  #places: readonly BinaryPlace[] = []
  #turn = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.shared = {}
    this.sent = []
    this.text = ''
    this.isForm = false
    this.problems = []
    this.missing = false
  }

  /** Reads the payload, and shows why it can't be sent. */
  read(): ReadPayload {
    clearTimeout(this.#timer)
    const read = readPayload(this.text, this.workspace.variables.expand, this.#files)
    if (read.problem) {
      this.#show([read.problem], read.missing.length > 0)
      void this.focusProblems()
    }
    return read
  }

  /** Moves the focus to the problems. */
  async focusProblems(): Promise<void> {
    await this.updateComplete
    this.renderRoot.querySelector<HTMLElement>('[aria-label="Problems"]')?.focus()
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('schema') || changed.has('shared')) {
      this.#fields = this.schema === undefined ? undefined : fieldsOf(this.schema, this.shared)
      this.#places = this.schema === undefined ? [] : binaryPlacesOf(this.schema, this.shared)
      this.#turn = 0
      this.#show([])
    }
    if (!changed.has('text') && !changed.has('schema')) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#check(), CHECK_AFTER_MS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
  }

  override render() {
    const { label, schema, shared, text, examples = [] } = this
    const problems = withoutTwins(this.sent, this.problems)
    const isForm = this.isForm && this.#fields !== undefined
    return html`
      <div class="row">
        <h3>${label}</h3>
        ${
          this.#fields
            ? html`<span class="joined" role="group" aria-label="Edit as">
              <button aria-pressed=${!isForm} @click=${() => this.#edit(false)}>JSON</button>
              <button aria-pressed=${isForm} @click=${() => this.#edit(true)}>Form</button>
            </span>`
            : nothing
        }
        ${
          schema !== undefined || examples.length > 0
            ? html`<button @click=${this.#sample} title="The next example">Sample</button>`
            : nothing
        }
      </div>
      ${this.#places.map((place) => fileChoice(place, (input) => void this.#choose(place, input)))}
      ${
        isForm
          ? html`<nsp-form .fields=${this.#fields} .text=${text} .problems=${problems} @nsp-input=${this.#input}></nsp-form>`
          : html`<nsp-json-editor .value=${text} .schema=${schema} .shared=${shared} .label=${label} .problems=${this.sent}
              @nsp-input=${this.#input}></nsp-json-editor>`
      }
      <div role="group" aria-label="Problems" aria-live="polite" tabindex="-1">
        ${problemList(problems)}
        ${
          this.missing
            ? html`<button @click=${() => this.#fire('nsp-open', 'environments')}>Set the variables</button>`
            : nothing
        }
      </div>
    `
  }

  async #choose(place: BinaryPlace, { files }: HTMLInputElement): Promise<void> {
    const [file] = files ?? []
    if (!file) return
    const problem = problemOf(file, place)
    if (problem) return this.#show([problem])
    const name = placeholderOf(file)
    this.#files.set(name, new Uint8Array(await file.arrayBuffer()))
    this.#change(replaceAt(this.text, namesOf(place.path), JSON.stringify({ $file: name })))
  }

  async #sample(): Promise<void> {
    const { schema, shared, examples } = this
    this.#change(await sampleText({ schema, shared, examples }, ++this.#turn))
  }

  #edit(isForm: boolean): void {
    this.isForm = isForm
  }

  #input(event: CustomEvent<string>): void {
    event.stopPropagation()
    this.#change(event.detail)
  }

  #change(text: string): void {
    if (text === this.text) return
    this.text = text
    this.#show([])
    this.#fire('nsp-text', text)
  }

  #show(problems: readonly Problem[], missing = false): void {
    this.problems = problems
    this.missing = missing
  }

  #fire(name: string, detail: string): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  async #check(): Promise<void> {
    const { schema, shared, text } = this
    if (schema === undefined) return
    const { createCheck } = await import('../../catalog/schema-check.js')
    const { text: expanded, missing } = this.workspace.variables.expand(text)
    if (text !== this.text || missing.length > 0) return
    try {
      this.#show(createCheck(schema, shared)(JSON.parse(expanded)))
    } catch {
      // No JSON yet: the editor marks where, and a send says why.
    }
  }
}

customElements.define('nsp-payload', NspPayload)

export type { NspPayload }
