import { css, html, LitElement, nothing } from 'lit'
import { type FormField, readFields, writeField } from '../../catalog/payload/form-fields.js'
import { pointerTo } from '../../catalog/payload/json-parts.js'
import type { Problem } from '../../shared/problem.js'
import { visibleText } from '../../shared/visible-text.js'
import { baseStyles } from '../base-styles.js'

/** A form for a flat payload. It fires `nsp-input` with the changed text. */
class NspForm extends LitElement {
  static override properties = {
    fields: { attribute: false },
    text: { attribute: false },
    problems: { attribute: false },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; grid-template-columns: minmax(6em, max-content) minmax(0, 1fr); gap: 8px 12px; align-items: start; }
      label { padding-top: 4px; overflow-wrap: anywhere; max-width: 14em; }
      div { display: grid; gap: 2px; }
      p { grid-column: 1 / -1; }
      [aria-invalid="true"] { border-color: var(--red) !important; }
    `,
  ]

  declare fields: readonly FormField[]
  declare text: string
  declare problems: readonly Problem[]

  override render() {
    const values = readFields(this.text, this.fields)
    if (!values) return html`<p class="error">The text is no JSON object. Mend it as JSON, or take a sample.</p>`
    return this.fields.map((field, index) => {
      const { name, isRequired, hint } = field
      const wrong = this.problems.filter(({ path }) => path === pointerTo(name))
      return html`
        <label for=${`field-${index}`}>
          <span class="mono">${visibleText(name, 80)}</span>${isRequired ? html` <span class="hint">required</span>` : nothing}
        </label>
        <div>
          ${this.#control(field, `field-${index}`, values.get(name), wrong.length > 0)}
          <span id=${`field-${index}-hint`} class="hint">${wrong.map(
            ({ message }) => html`<span class="error">${visibleText(message)}</span> `,
          )}${visibleText(hint)}</span>
        </div>`
    })
  }

  #control(field: FormField, id: string, value: string | undefined, isWrong: boolean) {
    const change = (event: Event) => this.#change(field, (event.target as HTMLInputElement).value)
    if (field.kind !== 'choice')
      return html`<input id=${id} aria-describedby=${`${id}-hint`} aria-invalid=${isWrong} ?required=${field.isRequired}
        inputmode=${field.kind === 'number' ? 'decimal' : 'text'} autocomplete="off" .value=${value ?? ''} @input=${change} />`
    // A value that is no choice, e.g. a variable, can be kept.
    const choices = value === undefined || field.choices.includes(value) ? field.choices : [value, ...field.choices]
    return html`<select id=${id} aria-describedby=${`${id}-hint`} aria-invalid=${isWrong} @change=${change}>
      <option value="" ?selected=${value === undefined}>${field.isRequired ? 'choose' : 'absent'}</option>
      ${choices.map((choice) => html`<option value=${choice} .selected=${choice === value}>${visibleText(choice)}</option>`)}
    </select>`
  }

  #change(field: FormField, value: string): void {
    const detail = writeField(this.text, field, value)
    this.dispatchEvent(new CustomEvent('nsp-input', { detail, bubbles: true, composed: true }))
  }
}

customElements.define('nsp-form', NspForm)
