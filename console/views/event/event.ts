import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { summarizeRounds } from '../../catalog/payload/call-rounds.js'
import type { OpenStream, Session, StreamOptions } from '../../session/session-types.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import './call-results.js'
import './contract-details.js'
import { EventSender } from './event-sender.js'
import { joinedParams, joinFirst } from './join-first.js'
import { type ParamValues, paramsForm } from './params-form.js'
import '../payload/payload-editor.js'
import { panelStyles } from '../panel-styles.js'
import type { NspPayload } from '../payload/payload-editor.js'
import { sampleText } from '../payload/sample-text.js'
import { proseHeading } from './prose-heading.js'
import { sendButton } from './send-button.js'
import { DEFAULT_SETTINGS, roundSummary, type SendSettings, sendOptions } from './send-options.js'
import type { NspStream } from './stream-items.js'

void import('../workbench/code.js')

/** An event: what its contract says, its payload, and what came back. */
class NspEvent extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
    event: { attribute: false },
    text: { state: true },
    params: { state: true },
    settings: { state: true },
    isJoining: { state: true },
    opened: { state: true },
  }
  static override styles = [baseStyles, panelStyles, css`article { gap: 14px; }`]

  declare workspace: Workspace
  declare session: Session
  declare name: string
  declare event: string
  declare text: string
  declare params: ParamValues
  declare settings: SendSettings
  declare isJoining: boolean
  declare opened: OpenStream | undefined
  readonly #watch = new Watch(this)
  readonly #sender = new EventSender(this)
  #filled: Promise<void> = Promise.resolve()
  /** Counts the joins that are waited for. */
  #turn = 0
  #endDrafts: (() => void) | undefined

  constructor() {
    super()
    this.settings = DEFAULT_SETTINGS
    this.text = ''
    this.isJoining = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#endDrafts = this.workspace.drafts.subscribe(() => this.#readDraft())
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#endDrafts?.()
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('event')) return
    this.params = joinedParams(this.session, this.name)
    if (!this.#readDraft()) this.#filled = this.#fill()
  }

  override render() {
    const { namespace, described } = this.#find()
    if (!namespace || !described) return html`<p class="hint">The server has no such event any more.</p>`
    const { workspace, session, name, event, text, params, settings, isJoining } = this
    const { results, rounds, problems, isRunning } = this.#sender
    const { stream, isIdempotent, payload, examples } = described
    if (stream) void import('./stream-items.js')
    const badges = [...(stream ? ['stream'] : []), ...(isIdempotent ? ['idempotent: may be sent again'] : [])]
    return html`<article @keydown=${this.#press}>
      ${proseHeading('event', event, described, badges)}
      <nsp-contract .described=${described} .shared=${namespace.schemas}></nsp-contract>
      <nsp-payload .workspace=${workspace} .label=${'Payload'} .schema=${payload?.jsonSchema} .shared=${namespace.schemas}
        .examples=${examples} .text=${text} .sent=${problems}
        @nsp-text=${(edit: CustomEvent<string>) => this.#save(edit.detail, params)}></nsp-payload>
      <div class="row">
        ${paramsForm(name, params, (changed) => this.#save(text, changed))}
        ${sendButton({ isJoining, isStream: stream !== undefined, isOpen: this.opened !== undefined }, this.send)}
        ${isRunning || isJoining ? html`<button @click=${this.#stop}>Stop</button>` : nothing}
        ${stream ? nothing : sendOptions(settings, this.#set)}
      </div>
      ${
        stream
          ? html`<nsp-stream .declared=${stream} .open=${(options: StreamOptions) => this.#openStream(options)}></nsp-stream>`
          : nothing
      }
      ${roundSummary(summarizeRounds(rounds), isRunning)}
      <nsp-results .workspace=${workspace} .name=${name} .results=${results} .description=${described}></nsp-results>
      <nsp-code .workspace=${workspace} .session=${session} .name=${name} .event=${event} .text=${text}></nsp-code>
    </article>`
  }

  /** Joins the namespace if it is not joined, and sends the payload. */
  async send(): Promise<void> {
    await this.#filled
    await this.updateComplete
    this.#sender.mend()
    if (this.#find().described?.stream) return this.renderRoot.querySelector<NspStream>('nsp-stream')?.start()
    const { session, event, text: source, settings } = this
    const ready = await this.#prepare()
    if (!ready) return
    const args = ready.value === undefined ? [] : [ready.value]
    await this.#sender.send({ session, address: ready.address, event, args, source, ...settings })
    if (this.#sender.problems.length > 0) await this.#payload?.focusProblems()
  }

  async #openStream(options: StreamOptions): Promise<OpenStream | undefined> {
    const { session, event, text: source } = this
    const ready = await this.#prepare()
    const stream = ready && session.stream(ready.address, event, ready.value, { ...options, source })
    this.opened = stream
    void stream?.result.then(() => {
      if (this.opened === stream) this.opened = undefined
    })
    return stream
  }

  /** Reads the payload and joins the namespace; undefined if one of them fails, which is shown. */
  async #prepare() {
    const { session, name, params } = this
    const read = this.#payload?.read()
    if (!read || read.problem || this.isJoining) return undefined
    const turn = ++this.#turn
    this.isJoining = true
    const { address, error } = await joinFirst(session, name, params)
    // The reader has stopped it, or has left the event.
    if (turn !== this.#turn || !this.isConnected) return undefined
    this.isJoining = false
    if (error) this.#sender.refuse(error)
    return address === undefined ? undefined : { address, value: read.value }
  }

  readonly #set = (settings: SendSettings): void => {
    this.settings = settings
  }

  #stop(): void {
    this.#turn++
    this.isJoining = false
    this.#sender.stop()
  }

  get #payload(): NspPayload | null {
    return this.renderRoot.querySelector('nsp-payload')
  }

  #find() {
    const { namespaces } = this.#watch.of(this.workspace.description)
    const namespace = namespaces.find(({ name }) => name === this.name)
    const events = namespace?.events ?? {}
    return { namespace, described: Object.hasOwn(events, this.event) ? events[this.event] : undefined }
  }

  #readDraft(): boolean {
    const draft = this.workspace.drafts.get(this.session.number, this.name, this.event)
    if (!draft) return false
    this.text = draft.text
    this.params = { ...this.params, ...draft.params }
    return true
  }

  async #fill(): Promise<void> {
    const { namespace, described } = this.#find()
    if (!namespace || !described) return
    const source = { schema: described.payload?.jsonSchema, shared: namespace.schemas, examples: described.examples }
    const text = await sampleText(source)
    if (this.text === '') this.text = text
  }

  #save(text: string, params: ParamValues): void {
    this.#sender.mend()
    this.text = text
    this.params = params
    this.workspace.drafts.set(this.session.number, this.name, this.event, { text, params })
  }

  #press(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    event.stopPropagation()
    void this.send()
  }
}

customElements.define('nsp-event', NspEvent)
