import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { CallError } from '../../../plugin/client.js'
import type { NamespaceDescription } from '../../../plugin/definition/contract/description.js'
import { problemsIn } from '../../catalog/sent-problems.js'
import type { Session } from '../../session/session-types.js'
import type { Problem } from '../../shared/problem.js'
import { baseStyles } from '../base-styles.js'
import { sampleText } from '../payload/sample-text.js'
import { Watch } from '../watch.js'

const NONE = {}

/** An editor of the `auth` of an identity: that of one namespace against its schema, or that of all others. */
class NspAuth extends LitElement {
  static override properties = {
    session: { attribute: false },
    namespace: { attribute: false },
    error: { attribute: false },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 4px; }
      .row { justify-content: space-between; }
      button { min-height: 24px; padding: 1px 8px; font-size: 0.8125rem; }
    `,
  ]

  declare session: Session
  /** Undefined: the `auth` of every namespace without its own. */
  declare namespace: NamespaceDescription | undefined
  /** Why the namespace was refused. */
  declare error: CallError | undefined
  readonly #watch = new Watch(this)
  /** What the server has found wrong with it, until it is edited. */
  #problems: readonly Problem[] = []

  override firstUpdated(): void {
    void import('../../editor/json-editor.js')
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('error')) return
    this.#problems = problemsIn(this.error?.details).flatMap(({ path, message }) => {
      return path.startsWith('/auth') ? [{ path: path.slice('/auth'.length), message }] : []
    })
  }

  override render() {
    const { auth } = this.#watch.of(this.session.identity)
    const { namespace } = this
    const text = auth[namespace?.name ?? ''] ?? ''
    const schema = namespace?.auth?.jsonSchema
    const label = namespace ? `auth for ${namespace.name}` : 'auth for all namespaces'
    return html`<div class="row">
        <h3>${namespace ? 'auth' : 'auth for all namespaces'}</h3>
        ${schema === undefined ? nothing : html`<button class="quiet" @click=${this.#fill}>Fill in a sample</button>`}
      </div>
      <nsp-json-editor .value=${text} .schema=${schema} .shared=${namespace?.schemas ?? NONE} .label=${label}
        .problems=${this.#problems} @nsp-input=${(edit: CustomEvent<string>) => this.#set(edit.detail)}></nsp-json-editor>
      ${
        namespace && text === '' && auth['']
          ? html`<p class="hint">Empty: the auth for all namespaces is sent.</p>`
          : nothing
      }`
  }

  async #fill(): Promise<void> {
    const { namespace } = this
    if (namespace) this.#set(await sampleText({ schema: namespace.auth?.jsonSchema, shared: namespace.schemas }))
  }

  #set(text: string): void {
    this.#problems = []
    const identity = this.session.identity.getSnapshot()
    const { [this.namespace?.name ?? '']: _, ...others } = identity.auth
    this.session.become({
      ...identity,
      auth: text.trim() === '' ? others : { ...others, [this.namespace?.name ?? '']: text },
    })
  }
}

customElements.define('nsp-auth', NspAuth)
