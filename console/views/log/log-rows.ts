import { html, LitElement, nothing } from 'lit'
import type { LogEntry } from '../../log/log-types.js'
import type { LogView } from '../../log/log-view.js'
import { baseStyles } from '../base-styles.js'
import { logRow } from './log-row.js'
import { rowStyles } from './row-styles.js'

const ROW_PX = 26
/** Rows that are rendered above and below those that can be seen. */
const SPARE_ROWS = 6

/**
 * The rows of the log. Only those that can be seen are in the page. It follows the end, until the reader scrolls up or selects
 * a row. Fires `nsp-select` (CustomEvent<LogEntry>), `nsp-open` and `nsp-close`.
 */
export class NspLogRows extends LitElement {
  static override properties = {
    view: { attribute: false },
    selected: { attribute: false },
    hasIdentities: { attribute: false },
    isFollowing: { state: true },
  }
  static override styles = [baseStyles, rowStyles]

  declare view: LogView
  declare selected: LogEntry | undefined
  /** Whether rows tell their identity. */
  declare hasIdentities: boolean
  declare isFollowing: boolean
  #top = 0
  #height = 0
  #left = 0
  /** How many rows had been added when it ceased to follow. */
  #addedThen = 0
  #pressed = 0
  readonly #resize = new ResizeObserver(() => {
    this.#height = this.#list?.clientHeight ?? 0
    if (!this.isFollowing && this.selected) this.#reveal(this.view.rows.indexOf(this.selected.number))
    this.requestUpdate()
  })

  constructor() {
    super()
    this.isFollowing = true
  }

  get #list(): HTMLElement | null {
    return this.renderRoot.querySelector('[role=listbox]')
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#resize.observe(this)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#resize.disconnect()
  }

  override focus(): void {
    this.#list?.focus()
  }

  /** Goes to the end, and follows it. */
  follow(): void {
    this.isFollowing = true
    this.requestUpdate()
  }

  override willUpdate(): void {
    const { rows, left } = this.view
    // What stands above has left: the reader keeps seeing the same rows.
    if (!this.isFollowing) this.#top = Math.max(0, this.#top - (left - this.#left) * ROW_PX)
    this.#left = left
    if (this.isFollowing) this.#top = Math.max(0, rows.size * ROW_PX - this.#height)
  }

  override render() {
    const { rows, added } = this.view
    const start = Math.max(0, Math.floor(this.#top / ROW_PX) - SPARE_ROWS)
    const end = Math.min(rows.size, Math.ceil((this.#top + this.#height) / ROW_PX) + SPARE_ROWS)
    const shown = Array.from({ length: Math.max(0, end - start) }, (_, index) => rows.at(start + index))
    const selected = shown.find((entry) => entry?.number === this.selected?.number)
    const fresh = this.isFollowing ? 0 : added - this.#addedThen
    return html`
      <div
        class="list ${this.hasIdentities ? 'two' : ''}"
        role="listbox"
        tabindex="0"
        aria-label="Entries"
        aria-activedescendant=${selected ? `r${selected.number}` : nothing}
        @scroll=${this.#scrolled}
        @keydown=${this.#keyDown}
        @pointerdown=${this.#pressedAt}
        @click=${this.#clicked}
      >
        <div class="space" role="presentation" .style=${`height:${rows.size * ROW_PX}px`}>
          <div class="window" role="presentation" .style=${`transform:translateY(${start * ROW_PX}px)`}>
            ${shown.map((entry, index) => entry && logRow(entry, start + index, rows.size, entry === selected))}
          </div>
        </div>
      </div>
      ${
        fresh > 0
          ? html`<button class="fresh" @click=${this.follow}>${fresh.toLocaleString('en')} new, go to the end</button>`
          : nothing
      }
    `
  }

  protected override updated(): void {
    const list = this.#list
    if (!list) return
    if (Math.abs(list.scrollTop - this.#top) >= 1) list.scrollTop = this.#top
    this.#top = list.scrollTop
  }

  #scrolled(): void {
    const list = this.#list
    // Not what updated() has set.
    if (!list || list.scrollTop === this.#top) return
    const isAtEnd = list.scrollHeight - list.clientHeight - list.scrollTop < 2
    if (isAtEnd) this.isFollowing = true
    else if (list.scrollTop < this.#top) this.#stop()
    this.#top = list.scrollTop
    this.requestUpdate()
  }

  #stop(): void {
    if (this.isFollowing) this.#addedThen = this.view.added
    this.isFollowing = false
  }

  #pressedAt(event: PointerEvent): void {
    // Rows may move on between the press and the click.
    const row = (event.target as Element).closest('[role=option]')
    this.#pressed = Number(row?.id.slice(1) ?? 0)
  }

  #clicked(): void {
    const index = this.view.rows.indexOf(this.#pressed)
    if (this.view.rows.at(index)?.number === this.#pressed) this.#select(index, true)
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { rows } = this.view
    const page = Math.max(1, Math.floor(this.#height / ROW_PX) - 1)
    const steps: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }
    const step = steps[event.key] ?? { Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[event.key]
    if (step !== undefined) {
      const from = this.selected ? rows.indexOf(this.selected.number) : rows.size - (step < 0 ? 0 : 1)
      this.#select(Math.max(0, Math.min(rows.size - 1, from + step)), false)
      if (event.key === 'End') this.follow()
    } else if (event.key === 'Enter' && this.selected) this.#fire('nsp-open')
    else if (event.key === 'Escape') this.#fire('nsp-close')
    else return
    event.preventDefault()
  }

  #select(index: number, isOpened: boolean): void {
    const entry = this.view.rows.at(index)
    if (!entry) return
    this.#stop()
    this.#reveal(index)
    this.#fire('nsp-select', entry)
    if (isOpened) this.#fire('nsp-open')
  }

  #reveal(index: number): void {
    const top = index * ROW_PX
    this.#top = Math.max(top + ROW_PX - this.#height, Math.min(top, this.#top))
    this.requestUpdate()
  }

  #fire(type: string, detail?: LogEntry): void {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

customElements.define('nsp-log-rows', NspLogRows)
