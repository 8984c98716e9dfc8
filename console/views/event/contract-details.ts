import { css, html, LitElement, nothing } from 'lit'
import type {
  EmitDescription,
  EventDescription,
  SchemaDescription,
} from '../../../plugin/definition/contract/description.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'
import { visibleText } from '../../shared/visible-text.js'
import { baseStyles } from '../base-styles.js'
import { panelStyles } from '../panel-styles.js'

/** What a contract says of an event or an emit: its schemas, each closed until the reader opens it. */
class NspContract extends LitElement {
  static override properties = {
    described: { attribute: false },
    shared: { attribute: false },
    opened: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 18px; }
      details[open] { flex-basis: 100%; }
    `,
  ]

  declare described: EventDescription | EmitDescription
  declare shared: SharedSchemas
  declare opened: ReadonlySet<string>

  constructor() {
    super()
    this.opened = new Set()
  }

  override render() {
    const { payload, reply } = this.described
    const { stream, errors = {} } = this.described as Partial<EventDescription>
    const codes = Object.entries(errors)
    return html`
      ${this.#part('Payload schema', payload, 'none: anything is accepted')}
      ${stream ? this.#part('Items', stream.item) : nothing}
      ${this.#part(stream ? 'Return value' : 'Reply', reply, 'none is declared')}
      ${codes.map(([code, schema]) => this.#part(`Error ${visibleText(code, 80)}`, schema))}
    `
  }

  #part(title: string, schema: SchemaDescription | undefined, otherwise = '') {
    if (!schema) return html`<p class="hint">${title}: ${otherwise}</p>`
    return html`<details @toggle=${(event: Event) => this.#open(title, (event.target as HTMLDetailsElement).open)}>
      <summary>${title}</summary>
      ${this.opened.has(title) ? html`<nsp-schema .schema=${schema} .shared=${this.shared}></nsp-schema>` : nothing}
    </details>`
  }

  #open(title: string, isOpen: boolean): void {
    if (!isOpen) return
    void import('./schema-table.js')
    this.opened = new Set(this.opened).add(title)
  }
}

customElements.define('nsp-contract', NspContract)
