import { css, html, LitElement, nothing } from 'lit'
import { visibleText } from '../../shared/visible-text.js'
import { findCommands, type PaletteCommand, placesOf } from '../../workbench/palette-commands.js'
import { baseStyles } from '../base-styles.js'
import type { NspTools } from './tools.js'

/** Finds a namespace, an event or an action by a few letters. */
class NspPalette extends LitElement {
  static override properties = { commands: { attribute: false }, query: { state: true }, chosen: { state: true } }
  static override styles = [
    baseStyles,
    css`
      input { width: 100%; }
      ul { margin-block-start: 8px; max-height: 50dvh; overflow: auto; }
      li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; padding: 5px 10px; border-radius: 7px; cursor: pointer; overflow-wrap: anywhere; }
      li[aria-selected="true"] { background: var(--tint); outline: 1px solid var(--accent); outline-offset: -1px; }
    `,
  ]

  declare commands: readonly PaletteCommand[]
  declare query: string
  declare chosen: number

  constructor() {
    super()
    this.query = ''
    this.chosen = 0
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector('input')?.focus()
  }

  override updated(): void {
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }

  override render() {
    const found = findCommands(this.commands, this.query)
    return html`
      <input role="combobox" aria-label="Go to" aria-expanded="true" aria-controls="found" aria-autocomplete="list" autocomplete="off"
        aria-activedescendant=${found.length > 0 ? `found-${this.chosen}` : nothing} placeholder="An event, a namespace, an action"
        @input=${this.#search} @keydown=${(event: KeyboardEvent) => this.#move(event, found)} />
      <ul id="found" role="listbox" aria-label="Found" tabindex="-1">
        ${found.map(
          ({ title, hint, run }, index) => html`
            <li id="found-${index}" role="option" aria-selected=${index === this.chosen} @click=${() => this.#run(run)}>
              <span>${visibleText(title, 120)}</span><span class="hint">${visibleText(hint, 120)}</span>
            </li>
          `,
        )}
      </ul>
      <p class="hint" role="status">${found.length === 0 ? 'Nothing found.' : ''}</p>
    `
  }

  #search(event: Event): void {
    this.query = (event.target as HTMLInputElement).value
    this.chosen = 0
  }

  #move(event: KeyboardEvent, found: readonly PaletteCommand[]): void {
    const { length } = found
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const chosen = found[this.chosen]
    if (step !== undefined && length > 0) this.chosen = (this.chosen + step + length) % length
    else if (event.key === 'Enter' && chosen) this.#run(chosen.run)
    else return
    event.preventDefault()
  }

  #run(run: () => unknown): void {
    this.dispatchEvent(new CustomEvent('nsp-done', { bubbles: true, composed: true }))
    run()
  }
}

export const palettePanel = (tools: NspTools) => html`
  <nsp-palette .commands=${[...placesOf(tools.workspace), ...tools.commands()]} @nsp-done=${() => tools.close()}></nsp-palette>
`

customElements.define('nsp-palette', NspPalette)
