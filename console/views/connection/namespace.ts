import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { NamespaceDescription, Prose } from '../../../plugin/definition/contract/description.js'
import type { Session } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { joinFirst } from '../event/join-first.js'
import { type ParamValues, paramsForm } from '../event/params-form.js'
import { proseHeading } from '../event/prose-heading.js'
import { panelStyles } from '../panel-styles.js'
import { Watch } from '../watch.js'
import './auth-editor.js'
import { REJOIN_TITLE } from './lane-words.js'
import './lanes.js'
import { refusal } from './refusal.js'

/** A namespace: what it is for, joining it with its `auth`, and where it stands. */
class NspNamespace extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
    params: { state: true },
    problem: { state: true },
    isAuthShown: { state: true },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host, article { grid-template-columns: minmax(0, 1fr); }
      article { gap: 16px; }
      .join { display: grid; gap: 12px; padding: 12px; border: 1px solid var(--rule); border-radius: 9px; background: var(--surface); }
      .events { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 4px; }
      .events button { width: 100%; flex-wrap: wrap; gap: 0 8px; text-align: start; font-family: var(--mono); font-size: 0.8125rem; overflow-wrap: anywhere; }
      .events small { flex-basis: 100%; color: var(--soft); font: 0.75rem/1.4 var(--sans); }
    `,
  ]

  declare workspace: Workspace
  declare session: Session
  declare name: string
  declare params: ParamValues
  /** Why the address can't be written. */
  declare problem: ReturnType<typeof refusal> | undefined
  /** Whether the `auth` that nobody has declared was asked for: its editor is large. */
  declare isAuthShown: boolean
  readonly #watch = new Watch(this)

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('name') && !changed.has('session')) return
    this.params = {}
    this.problem = undefined
    this.isAuthShown = false
  }

  override render() {
    const { workspace, session, name, params } = this
    const namespace = this.#watch.of(workspace.description).namespaces.find((each) => each.name === name)
    if (!namespace) return html`<p class="hint">The server has no such namespace any more.</p>`
    const lanes = this.#watch.of(session.lanes).filter((lane) => lane.name === name)
    const error = lanes.map(({ state }) => (state.status === 'refused' ? state.error : undefined)).find(Boolean)
    const auth = html`<nsp-auth .session=${session} .namespace=${namespace} .error=${error}></nsp-auth>`
    return html`<article>
      ${proseHeading('namespace', name, namespace, namespace.sequential ? ['one event after another'] : [])}
      <form class="join" @submit=${this.#join}>
        ${namespace.auth ? auth : html`<details ?open=${error !== undefined} @toggle=${this.#showAuth}><summary>auth: the namespace declares none</summary>${this.isAuthShown ? auth : nothing}</details>`}
        <div class="row">
          ${paramsForm(name, params, (changed) => {
            this.params = changed
          })}
          ${this.#schema('params', namespace)}
          ${
            lanes.some(({ state }) => state.status === 'joined') && !namespace.isDynamic
              ? html`<button class="primary" title=${REJOIN_TITLE}>Rejoin</button>`
              : html`<button class="primary">Join</button>`
          }
        </div>
        ${this.problem ?? nothing}
      </form>
      <nsp-lanes .workspace=${workspace} .session=${session} .name=${name}></nsp-lanes>
      ${this.#list('event', namespace.events)} ${this.#list('emit', namespace.emits)}
    </article>`
  }

  #schema(part: 'params', { [part]: schema, schemas }: NamespaceDescription) {
    if (!schema) return nothing
    void import('../event/schema-table.js')
    return html`<details><summary>Schema of the ${part}</summary><nsp-schema .schema=${schema} .shared=${schemas}></nsp-schema></details>`
  }

  #list(view: 'event' | 'emit', all: Readonly<Record<string, Prose>>) {
    const entries = Object.entries(all).filter(([, { hide }]) => !hide)
    if (entries.length === 0) return nothing
    return html`<section>
      <h3>${view === 'event' ? 'Events, which you send' : 'Emits, which the server sends'}</h3>
      <ul class="events">${entries.map(([event, { summary, deprecated }]) => {
        return html`<li><button @click=${() => this.workspace.selection.set({ view, name: this.name, event })}>
          ${visibleText(event, 120)} ${deprecated ? html`<span class="badge warn">deprecated</span>` : nothing}
          ${summary ? html`<small>${visibleText(summary, 200)}</small>` : nothing}
        </button></li>`
      })}</ul>
    </section>`
  }

  #showAuth(): void {
    this.isAuthShown = true
  }

  async #join(submit: Event): Promise<void> {
    submit.preventDefault()
    const { session, name, params } = this
    const joined = session.lanes.getSnapshot().find((lane) => lane.address === name && lane.state.status === 'joined')
    if (joined) return session.rejoin(name)
    const { error } = await joinFirst(session, name, params)
    // The lane shows why the server has refused.
    this.problem = error?.code === 'PARAMS_MISSING' ? refusal(error) : undefined
  }
}

customElements.define('nsp-namespace', NspNamespace)
