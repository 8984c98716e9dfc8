import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { StreamDescription } from '../../../plugin/definition/contract/description.js'
import { prettyJson } from '../../catalog/payload/pretty-json.js'
import type { CallResult, OpenStream, StreamOptions } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import { baseStyles } from '../base-styles.js'
import { panelStyles } from '../panel-styles.js'

/** The items that are kept. */
const MOST_KEPT = 500
const ITEM_LENGTH = 2_000
/** Items are shown together: a stream may have thousands a second. */
const SHOW_EVERY_MS = 120

/** The items of a stream as they come. It fires `nsp-end` with the result. */
class NspStream extends LitElement {
  static override properties = {
    open: { attribute: false },
    declared: { attribute: false },
    credits: { state: true },
    isManual: { state: true },
    more: { state: true },
    end: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      ol { max-height: 24rem; overflow: auto; border: 1px solid var(--rule); border-radius: 7px; background: var(--sunken); }
      ol:empty { display: none; }
      li { display: grid; grid-template-columns: 4.5em minmax(0, 1fr); padding: 2px 8px; border-bottom: 1px solid var(--rule); content-visibility: auto; contain-intrinsic-size: auto 24px; }
      li code { white-space: pre-wrap; }
    `,
  ]

  /** Opens the stream; undefined if it can't be. */
  declare open: (options: StreamOptions) => Promise<OpenStream | undefined>
  declare declared: StreamDescription
  declare credits: number
  declare isManual: boolean
  declare more: number
  declare end: (CallResult & { readonly value?: unknown }) | undefined
  #stream: OpenStream | undefined
  /** Counts the streams: what an earlier one still tells is dropped. */
  #run = 0
  #items: { readonly number: number; readonly text: string }[] = []
  #count = 0
  #startedAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.credits = 0
    this.isManual = false
    this.more = 1
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('declared')) return
    this.#forget()
    this.credits = this.declared.credits
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#forget()
    clearTimeout(this.#timer)
  }

  /** Opens the stream, in place of the one before it. */
  async start(): Promise<void> {
    this.#forget()
    const run = this.#run
    const { credits, isManual } = this
    this.#startedAt = performance.now()
    const stream = await this.open({ credits, isManual, onItem: (item) => this.#add(item, run) })
    // The reader has left while the namespace was joined.
    if (run !== this.#run) return stream?.cancel()
    if (!stream) return this.#forget()
    this.#stream = stream
    this.requestUpdate()
    const end = await stream.result
    if (run !== this.#run) return
    this.#stream = undefined
    this.end = end
  }

  /** Cancels the stream, and forgets its items. */
  #forget(): void {
    this.#stream?.cancel()
    this.#stream = undefined
    this.#run++
    this.#items = []
    this.#count = 0
    this.#startedAt = 0
    this.requestUpdate()
    this.end = undefined
  }

  override render() {
    const isOpen = this.#stream !== undefined
    const seconds = (performance.now() - this.#startedAt) / 1_000
    return html`
      <div class="row">
        <label title="Credits: how many items the server may send before the page asks for more">${this.isManual ? 'items at the start' : 'items ahead'}
          <input type="number" min="1" max="1024" .value=${String(this.credits)} ?disabled=${isOpen}
          @change=${(event: Event) => {
            this.credits = numberOf(event)
          }} /></label>
        <label><input type="checkbox" .checked=${this.isManual} ?disabled=${isOpen} @change=${this.#switch} /> ask for items by hand</label>
        ${this.declared.isResumable ? html`<span class="badge">resumable</span>` : nothing}
        ${isOpen ? html`<button @click=${() => this.#stream?.cancel()}>Cancel</button>` : nothing}
        ${
          isOpen && this.isManual
            ? html`<span class="row"><input type="number" min="1" max="1024" aria-label="How many more" .value=${String(this.more)}
                @change=${(event: Event) => {
                  this.more = numberOf(event)
                }} /><button @click=${() => this.#stream?.more(this.more)}>Ask for ${this.more} more</button></span>`
            : nothing
        }
      </div>
      <p class="hint" role="status" aria-busy=${isOpen}>${
        this.#startedAt === 0
          ? ''
          : `${this.#count} ${this.#count === 1 ? 'item' : 'items'}${isOpen ? `, ${(this.#count / seconds).toFixed(1)} a second` : ''}${this.#ended()}`
      }</p>
      ${this.end?.value === undefined ? nothing : html`<pre tabindex="0">${visibleText(prettyJson(this.end.value), 20_000)}</pre>`}
      <ol tabindex="0" aria-label="Items, the newest first" reversed>${this.#items.map(
        ({ number, text }) =>
          html`<li><span class="hint">${number}</span><code>${visibleText(text, ITEM_LENGTH)}</code></li>`,
      )}</ol>
    `
  }

  #ended(): string {
    if (!this.end) return ''
    const { error, ms } = this.end
    if (error?.code === 'NSP_CLIENT_ABORTED') return `. Cancelled after ${Math.round(ms)} ms`
    return `. Ended after ${Math.round(ms)} ms${error ? `: ${visibleText(error.code, 80)} ${visibleText(error.message)}` : ''}`
  }

  #add(item: unknown, run: number): void {
    if (run !== this.#run) return
    this.#items.unshift({ number: ++this.#count, text: (JSON.stringify(item) ?? '').slice(0, ITEM_LENGTH + 1) })
    if (this.#items.length > MOST_KEPT) this.#items.length = MOST_KEPT
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.requestUpdate()
    }, SHOW_EVERY_MS)
  }

  #switch(event: Event): void {
    this.isManual = (event.target as HTMLInputElement).checked
    this.credits = this.isManual ? 1 : this.declared.credits
  }
}

function numberOf(event: Event): number {
  return Math.min(1_024, Math.max(1, Number((event.target as HTMLInputElement).value) || 1))
}

customElements.define('nsp-stream', NspStream)

export type { NspStream }
