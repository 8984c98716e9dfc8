import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import { type BinaryPlace, binaryPlacesOf } from '../../catalog/binary-places.js'
import { type FormField, fieldsOf } from '../../catalog/form-fields.js'
import { namesOf, replaceAt } from '../../catalog/json-parts.js'
import { type ReadPayload, readPayload } from '../../catalog/payload.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'
import type { Problem } from '../../shared/problem.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import './payload-form.js'
import { problemList } from './problem-list.js'
import { eventStyles } from './prose-heading.js'
import { sampleText } from './sample-text.js'

const NO_LIMIT = 100_000_000

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
    eventStyles,
    css`
      :host { gap: 8px; }
      h3 { margin-inline-end: auto; }
      .problems { display: grid; gap: 2px; padding: 6px 10px; border-inline-start: 3px solid var(--red); background: var(--red-tint); font-size: 0.8125rem; }
      input[type="file"] { border: 0; padding-inline: 0; }
    `,
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
    this.renderRoot.querySelector<HTMLElement>('[role="group"]')?.focus()
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('schema') || changed.has('shared')) {
      this.#fields = this.schema === undefined ? undefined : fieldsOf(this.schema, this.shared)
      this.#places = this.schema === undefined ? [] : binaryPlacesOf(this.schema, this.shared)
      this.#turn = 0
    }
  }

  override render() {
    const { label, schema, text, examples = [] } = this
    const problems = this.sent.length > 0 ? this.sent : this.problems
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
      ${this.#places.map((place) => this.#fileChoice(place))}
      ${
        isForm
          ? html`<nsp-form .fields=${this.#fields} .text=${text} .problems=${problems} @nsp-input=${this.#input}></nsp-form>`
          : html`<textarea aria-label=${label} spellcheck="false" .value=${text}
              @input=${(event: InputEvent) => this.#change((event.target as HTMLTextAreaElement).value)}></textarea>`
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

  #fileChoice(place: BinaryPlace) {
    const { path, maxBytes, contentType } = place
    const limit = Number.isFinite(maxBytes) ? `at most ${sizeOf(maxBytes)}` : ''
    return html`<label><span>Bytes of <code>${visibleText(path || '/', 80)}</code> <span class="hint">${limit}</span></span>
      <input type="file" accept=${contentType ?? nothing} @change=${(event: Event) => this.#choose(place, event.target as HTMLInputElement)} />
    </label>`
  }

  async #choose({ path, maxBytes }: BinaryPlace, { files }: HTMLInputElement): Promise<void> {
    const file = files?.[0]
    if (!file) return
    if (file.size > Math.min(maxBytes, NO_LIMIT)) {
      this.#show([
        {
          path,
          message: `${file.name} has ${sizeOf(file.size)}: at most ${sizeOf(Math.min(maxBytes, NO_LIMIT))} are accepted`,
        },
      ])
      return
    }
    const name = `${file.name} (${sizeOf(file.size)})`
    this.#files.set(name, new Uint8Array(await file.arrayBuffer()))
    this.#change(replaceAt(this.text, namesOf(path), JSON.stringify({ $file: name })))
  }

  async #sample(): Promise<void> {
    this.#turn++
    const { schema, shared, examples } = this
    this.#change(await sampleText({ schema, shared, examples }, this.#turn))
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
}

function sizeOf(bytes: number): string {
  return bytes < 1_000
    ? `${bytes} B`
    : bytes < 1_000_000
      ? `${Math.round(bytes / 1_000)} kB`
      : `${(bytes / 1_000_000).toFixed(1)} MB`
}

customElements.define('nsp-payload', NspPayload)

export type { NspPayload }
