import { html, LitElement, nothing, type PropertyValues } from 'lit'
import type { CallError } from '../../../plugin/client.js'
import type { EmitDescription, NamespaceDescription } from '../../../plugin/definition/contract/description.js'
import type { LogEntry } from '../../log/log-types.js'
import type { Session } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import './contract-details.js'
import type { NspPayload } from '../payload/payload-editor.js'
import { joinFirst } from './join-first.js'
import { joinRefusal } from './join-refusal.js'
import { type ParamValues, paramsForm } from './params-form.js'
import '../payload/payload-editor.js'
import { panelStyles } from '../panel-styles.js'
import { sampleText } from '../payload/sample-text.js'
import { proseHeading } from './prose-heading.js'

const HEARD_SHOWN = 3
const TEXT_LENGTH = 4_000
const SHOW_EVERY_MS = 120

void import('../workbench/code.js')

/** An emit: what its contract says, what was heard of it, and what the page answers. */
class NspEmit extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
    event: { attribute: false },
    params: { state: true },
    answer: { state: true },
    said: { state: true },
    refused: { state: true },
  }
  static override styles = [baseStyles, panelStyles]

  declare workspace: Workspace
  declare session: Session
  declare name: string
  declare event: string
  declare params: ParamValues
  declare answer: string
  /** What the last button has done. */
  declare said: string
  /** Why the last join has failed. */
  declare refused: CallError | undefined
  readonly #watch = new Watch(this)
  #heard: LogEntry[] = []
  #count = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #end: (() => void) | undefined

  constructor() {
    super()
    this.params = {}
    this.answer = ''
    this.said = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#end = this.workspace.log.onEntry((entry) => {
      if (!this.#hear(entry)) return
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.requestUpdate()
      }, SHOW_EVERY_MS)
    })
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#end?.()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!['session', 'name', 'event'].some((property) => changed.has(property))) return
    this.#heard = []
    this.#count = 0
    for (const entry of this.workspace.log.entries()) this.#hear(entry)
    this.answer = ''
    this.said = ''
    this.refused = undefined
    void this.#fill()
  }

  override render() {
    const { namespace, described } = this.#find()
    if (!namespace || !described) return html`<p class="hint">The server has no such emit any more.</p>`
    const { reply } = described
    const isJoined = this.#joined().length > 0
    return html`
      ${proseHeading('emit', this.event, described, reply ? ['asks for an answer'] : [])}
      <nsp-contract .described=${described} .shared=${namespace.schemas}></nsp-contract>
      ${
        isJoined
          ? nothing
          : html`<div class="row">
            ${paramsForm(this.name, this.params, (params) => {
              this.params = params
            })}
            <button class="primary" @click=${this.#join}>Join ${visibleText(this.name, 80)}</button>
          </div>
          <div role="status">${this.refused ? joinRefusal(this.name, this.refused, this.workspace) : nothing}</div>`
      }
      <h3><span role="status">Heard ${this.#count} ${this.#count === 1 ? 'time' : 'times'}</span></h3>
      ${this.#heard.map(
        ({ at, address, text }) => html`<div>
          <p class="hint">${new Date(at).toLocaleTimeString()} ${visibleText(address, 120)}</p>
          <pre tabindex="0">${visibleText(text, TEXT_LENGTH)}</pre>
        </div>`,
      )}
      ${
        reply
          ? html`<nsp-payload .workspace=${this.workspace} .label=${'Answer'} .schema=${reply.jsonSchema} .shared=${namespace.schemas}
                .text=${this.answer} @nsp-text=${this.#edit}></nsp-payload>
              <div class="row">
                <button class="primary" ?disabled=${!isJoined} @click=${this.#answer}>Answer with this</button>
                <button ?disabled=${!isJoined} @click=${this.#answerNothing}>Answer nothing</button>
              </div>`
          : nothing
      }
      <p class="hint" role="status">${this.said}</p>
      <nsp-code .workspace=${this.workspace} .session=${this.session} .name=${this.name} .event=${this.event} .text=${this.answer}></nsp-code>
    `
  }

  /** The addresses of the namespace that are joined. */
  #joined(): readonly string[] {
    const lanes = this.#watch.of(this.session.lanes)
    return lanes
      .filter(({ name, state }) => name === this.name && !['left', 'refused'].includes(state.status))
      .map(({ address }) => address)
  }

  #find(): { readonly namespace?: NamespaceDescription | undefined; readonly described?: EmitDescription | undefined } {
    const { namespaces } = this.#watch.of(this.workspace.description)
    const namespace = namespaces.find(({ name }) => name === this.name)
    const emits = namespace?.emits ?? {}
    return { namespace, described: Object.hasOwn(emits, this.event) ? emits[this.event] : undefined }
  }

  /** Counts an entry, if it is this emit. */
  #hear(entry: LogEntry): boolean {
    const { kind, identity, event, address } = entry
    if (kind !== 'in' || event !== this.event || identity !== this.session.number) return false
    if (!this.session.lanes.getSnapshot().some((lane) => lane.address === address && lane.name === this.name))
      return false
    this.#count++
    this.#heard = [entry, ...this.#heard].slice(0, HEARD_SHOWN)
    return true
  }

  async #fill(): Promise<void> {
    const { event } = this
    const { namespace, described } = this.#find()
    if (!namespace || !described?.reply) return
    const text = await sampleText({ schema: described.reply.jsonSchema, shared: namespace.schemas })
    if (this.event === event && this.answer === '') this.answer = text
  }

  #edit({ detail }: CustomEvent<string>): void {
    this.answer = detail
  }

  async #join(): Promise<void> {
    const { session, name, event } = this
    const { error } = await joinFirst(session, name, this.params)
    if (this.name === name && this.event === event) this.refused = error
  }

  #answer(): void {
    const read = this.renderRoot.querySelector<NspPayload>('nsp-payload')?.read()
    if (!read || read.problem) return
    for (const address of this.#joined()) this.session.answerWith(address, this.event, read.value)
    this.said = 'The next emits are answered with it.'
  }

  #answerNothing(): void {
    for (const address of this.#joined()) this.session.answerWith(address, this.event, undefined)
    this.said = 'The next emits are not answered.'
  }
}

customElements.define('nsp-emit', NspEmit)
