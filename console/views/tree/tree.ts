import { css, html, LitElement, nothing } from 'lit'
import { type FoundNamespace, searchCatalog } from '../../catalog/catalog-search.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Selection, Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import { addressLabel, leafLabel, namespaceLabel } from './entry-label.js'
import { joinStatesOf } from './join-states.js'

/** A tree with more events is shown with its namespaces closed. */
const MOST_OPEN = 150
/** The most entries of a list before the reader asks for all. */
const MOST_SHOWN = 100

/** The namespaces with their events and emits, and a search. */
class NspTree extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    query: { state: true },
    toggled: { state: true },
    whole: { state: true },
  }
  static override styles = [
    baseStyles,
    css`
      .top { position: sticky; top: 0; z-index: 1; display: grid; gap: 6px; padding: 10px 10px 6px; background: var(--sunken); }
      ul { padding: 0 6px 8px; }
      ul ul { padding: 0 0 4px 22px; }
      li { content-visibility: auto; contain-intrinsic-size: auto 28px; overflow-wrap: anywhere; }
      button.quiet { min-height: 26px; padding: 2px 6px; text-align: start; border-radius: 5px; }
      .entry { flex: 1; flex-wrap: wrap; gap: 0 7px; min-width: 0; width: 100%; font: 0.8125rem / 1.5 var(--mono); }
      .entry small { font: 0.75rem / 1.4 var(--sans); color: var(--soft); flex-basis: 100%; }
      [aria-current] { background: var(--tint) !important; box-shadow: inset 2px 0 var(--accent); }
      .name { display: flex; align-items: start; }
      .name .entry { font-weight: 600; }
      .fold { min-width: 24px; justify-content: center; color: var(--soft); }
      .way { color: var(--soft); }
      .deprecated > .label { text-decoration: line-through; }
      form { display: flex; gap: 6px; padding: 0 10px 12px; }
      form input { flex: 1; }
    `,
  ]

  declare workspace: Workspace
  declare query: string
  /** The namespaces that the reader has opened or closed. */
  declare toggled: ReadonlySet<string>
  /** The lists that are shown whole. */
  declare whole: ReadonlySet<string>
  readonly #watch = new Watch(this)
  #states: ReturnType<typeof joinStatesOf> | undefined

  constructor() {
    super()
    this.query = ''
    this.toggled = new Set()
    this.whole = new Set()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#states?.end()
    this.#states = undefined
  }

  override render() {
    const { workspace, query } = this
    this.#states ??= joinStatesOf(workspace.sessions)
    const states = this.#watch.of(this.#states)
    const selected = this.#watch.of(workspace.selection)
    const { namespaces } = this.#watch.of(workspace.description)
    const found = searchCatalog(namespaces, query)
    const count = found.reduce((sum, { events, emits }) => sum + events.length + emits.length, 0)
    const declared = new Set(namespaces.map(({ name }) => name))
    const others = [...states.keys()].filter((name) => !declared.has(name))
    if (selected.view === 'plain' && !others.includes(selected.name)) others.push(selected.name)
    return html`
      <div class="top">
        <input type="search" aria-label="Search names, summaries and tags" aria-keyshortcuts="/" placeholder="Search  /" .value=${query}
          @input=${(event: InputEvent) => {
            this.query = (event.target as HTMLInputElement).value
          }}
          @keydown=${(event: KeyboardEvent) => this.#openFirst(event, found)} />
        <p class=${query ? 'hint' : 'visually-hidden'} role="status">${query ? `${count} found in ${found.length} ${found.length === 1 ? 'namespace' : 'namespaces'}` : ''}</p>
      </div>
      <ul @keydown=${this.#move}>
        <li>${this.#entry(selected, { view: 'connection' }, html`<span class="label">Connection</span>`)}</li>
        ${this.#list('', found, ({ namespace, events, emits }) => {
          const { name } = namespace
          const isOpen = this.#isOpen(name, count)
          return html`<li>
            <div class="name">
              <button class="quiet fold" aria-expanded=${isOpen} aria-label=${`Events of ${visibleText(name)}`}
                @click=${() => this.#toggle(name)}>${isOpen ? '▾' : '▸'}</button>
              ${this.#entry(selected, { view: 'namespace', name }, namespaceLabel(namespace, states.get(name)), namespace.deprecated)}
            </div>
            ${
              isOpen
                ? html`<ul>
                  ${this.#list(`events ${name}`, events, ([event, prose]) => html`<li>${this.#entry(selected, { view: 'event', name, event }, leafLabel('event', event, prose), prose.deprecated)}</li>`)}
                  ${this.#list(`emits ${name}`, emits, ([event, prose]) => html`<li>${this.#entry(selected, { view: 'emit', name, event }, leafLabel('emit', event, prose), prose.deprecated)}</li>`)}
                </ul>`
                : nothing
            }
          </li>`
        })}
        ${others.map(
          (name) =>
            html`<li>${this.#entry(selected, { view: 'plain', name }, addressLabel(name, states.get(name)))}</li>`,
        )}
      </ul>
      <form @submit=${this.#openAddress}>
        <input name="address" class="mono" aria-label="Another address" placeholder="/another-address" required pattern="/.*" />
        <button>Open</button>
      </form>
    `
  }

  #entry(selected: Selection, target: Selection, content: unknown, isDeprecated: boolean | undefined = false) {
    return html`<button class="quiet entry ${isDeprecated ? 'deprecated' : ''}"
      aria-current=${JSON.stringify(selected) === JSON.stringify(target) ? 'true' : nothing}
      @click=${() => this.workspace.selection.set(target)}>${content}</button>`
  }

  #list<Item>(key: string, items: readonly Item[], render: (item: Item) => unknown) {
    const isWhole = items.length <= MOST_SHOWN || this.whole.has(key)
    return html`${(isWhole ? items : items.slice(0, MOST_SHOWN)).map(render)}${
      isWhole
        ? nothing
        : html`<li><button @click=${() => {
            this.whole = new Set(this.whole).add(key)
          }}>Show all ${items.length}</button></li>`
    }`
  }

  #isOpen(name: string, count: number): boolean {
    return (count <= MOST_OPEN || this.query !== '') !== this.toggled.has(name)
  }

  #toggle(name: string): void {
    const toggled = new Set(this.toggled)
    if (!toggled.delete(name)) toggled.add(name)
    this.toggled = toggled
  }

  #openFirst({ key }: KeyboardEvent, [first]: readonly FoundNamespace[]): void {
    if (key === 'ArrowDown') this.#focus(0)
    if (key !== 'Enter' || !first) return
    const { namespace, events, emits } = first
    const { name } = namespace
    const [[event] = []] = [...events, ...emits]
    if (event === undefined) this.workspace.selection.set({ view: 'namespace', name })
    else this.workspace.selection.set({ view: events.length > 0 ? 'event' : 'emit', name, event })
  }

  #move(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const focused = (this.renderRoot as ShadowRoot).activeElement
    this.#focus([...this.renderRoot.querySelectorAll('ul .entry')].indexOf(focused as Element) + step)
  }

  #focus(index: number): void {
    this.renderRoot.querySelectorAll<HTMLElement>('ul .entry')[index]?.focus()
  }

  #openAddress(event: SubmitEvent): void {
    event.preventDefault()
    const name = String(new FormData(event.target as HTMLFormElement).get('address'))
    const isDeclared = this.workspace.description.getSnapshot().namespaces.some((each) => each.name === name)
    this.workspace.selection.set({ view: isDeclared ? 'namespace' : 'plain', name })
  }
}

customElements.define('nsp-tree', NspTree)
