import { css, html, LitElement, nothing } from 'lit'
import type { SchemaDescription } from '../../../plugin/definition/contract/description.js'
import { prettyJson } from '../../catalog/payload/pretty-json.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'
import { rowOf, type SchemaRow } from '../../catalog/schema-rows.js'
import { visibleText } from '../../shared/visible-text.js'
import { baseStyles } from '../base-styles.js'
import '../copy-button.js'
import { panelStyles } from '../panel-styles.js'

/** The levels that are open at first. */
const DEPTH_OPEN = 2
const ROWS_SHOWN = 200
const DEEPEST_INDENT = 8

/** A schema as a table that people read, and as JSON. */
class NspSchema extends LitElement {
  static override properties = {
    schema: { attribute: false },
    shared: { attribute: false },
    isRaw: { state: true },
    toggled: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host { gap: 6px; }
      table { table-layout: fixed; }
      th:nth-child(1) { width: 36%; }
      th:nth-child(2) { width: 22%; }
      td { overflow-wrap: anywhere; }
      td button { min-height: 24px; min-width: 24px; padding: 0; justify-content: center; }
      td .row { gap: 0 6px; flex-wrap: wrap; }
      .leaf { padding-inline-start: 30px; }
      .struck { text-decoration: line-through; }
    `,
    ...Array.from(
      { length: DEEPEST_INDENT },
      (_, depth) => css`.d${depth + 1} { margin-inline-start: ${(depth + 1) * 14}px; }`,
    ),
  ]

  declare schema: SchemaDescription
  declare shared: SharedSchemas
  declare isRaw: boolean
  /** The rows that the reader has opened or closed, by their paths. */
  declare toggled: ReadonlySet<string>

  constructor() {
    super()
    this.shared = {}
    this.isRaw = false
    this.toggled = new Set()
  }

  override render() {
    const { jsonSchema, vendor } = this.schema
    if (jsonSchema === undefined)
      return html`<p class="hint">A schema of ${visibleText(vendor ?? 'another library', 60)}, which can't be written as JSON Schema. The
        server checks it all the same.</p>`
    return html`<div class="row">
        <span class="joined" role="group" aria-label="Show as">
          <button aria-pressed=${!this.isRaw} @click=${() => this.#show(false)}>Table</button>
          <button aria-pressed=${this.isRaw} @click=${() => this.#show(true)}>JSON Schema</button>
        </span>
        ${this.isRaw ? html`<nsp-copy .text=${() => prettyJson(jsonSchema)}></nsp-copy>` : nothing}
        ${vendor ? html`<span class="hint">written with ${visibleText(vendor, 60)}</span>` : nothing}
      </div>
      ${this.isRaw ? html`<pre tabindex="0">${visibleText(prettyJson(jsonSchema), 50_000)}</pre>` : this.#table(rowOf(jsonSchema, this.shared))}`
  }

  #table(root: SchemaRow) {
    const rows: unknown[] = []
    const add = (row: SchemaRow, path: string, depth: number) => {
      if (rows.length >= ROWS_SHOWN) return
      const isOpen = row.hasChildren && depth < DEPTH_OPEN !== this.toggled.has(path)
      rows.push(this.#row(row, path, depth, isOpen))
      if (isOpen) for (const [index, child] of row.children().entries()) add(child, `${path}/${index}`, depth + 1)
    }
    // The row of an object itself tells nothing but its type.
    const isBare = root.hasChildren && root.rules.length === 0 && root.description === ''
    if (isBare) for (const [index, child] of root.children().entries()) add(child, `/${index}`, 0)
    else add(root, '', 0)
    return html`<table>
      <thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Rules</th></tr></thead>
      <tbody>${rows}</tbody>
    </table>
    ${rows.length >= ROWS_SHOWN ? html`<p class="hint">The first ${ROWS_SHOWN} rows. The JSON Schema has all.</p>` : nothing}`
  }

  #row(
    { name, isProperty, isRequired, isDeprecated, type, rules, description, hasChildren }: SchemaRow,
    path: string,
    depth: number,
    isOpen: boolean,
  ) {
    const label = visibleText(name === '' ? 'the value' : name, 120)
    return html`<tr>
      <td><span class="row d${Math.min(depth, DEEPEST_INDENT)} ${hasChildren ? '' : 'leaf'}">
        ${
          hasChildren
            ? html`<button class="quiet" aria-expanded=${isOpen} aria-label=${`Parts of ${label}`} @click=${() => this.#toggle(path)}>${isOpen ? '▾' : '▸'}</button>`
            : nothing
        }
        <span class="${isProperty ? 'mono' : 'hint'} ${isDeprecated ? 'struck' : ''}">${label}</span>
        ${isRequired ? html`<span class="hint">required</span>` : nothing}
        ${isDeprecated ? html`<span class="badge warn">deprecated</span>` : nothing}
      </span></td>
      <td class="mono">${visibleText(type, 160)}</td>
      <td>${visibleText(rules.join(', '), 600)}${description ? html` <span class="hint">${visibleText(description, 600)}</span>` : nothing}</td>
    </tr>`
  }

  #show(isRaw: boolean): void {
    this.isRaw = isRaw
  }

  #toggle(path: string): void {
    const toggled = new Set(this.toggled)
    if (!toggled.delete(path)) toggled.add(path)
    this.toggled = toggled
  }
}

customElements.define('nsp-schema', NspSchema)
