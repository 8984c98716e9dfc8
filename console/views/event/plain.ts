import { html, LitElement, type PropertyValues } from 'lit'
import { summarizeRounds } from '../../catalog/payload/call-rounds.js'
import type { Session } from '../../session/session-types.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import './call-results.js'
import type { NspPayload } from '../payload/payload-editor.js'
import { EventSender } from './event-sender.js'
import { joinFirst } from './join-first.js'
import '../payload/payload-editor.js'
import { panelStyles } from '../panel-styles.js'
import { proseHeading } from './prose-heading.js'
import { DEFAULT_SETTINGS, roundSummary, type SendSettings, sendOptions } from './send-options.js'

void import('../workbench/code.js')

/** A namespace without a definition: its events have any name and any arguments. */
class NspPlain extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    session: { attribute: false },
    name: { attribute: false },
    event: { state: true },
    text: { state: true },
    settings: { state: true },
  }
  static override styles = [baseStyles, panelStyles]

  declare workspace: Workspace
  declare session: Session
  declare name: string
  declare event: string
  declare text: string
  declare settings: SendSettings
  readonly #watch = new Watch(this)
  readonly #sender = new EventSender(this)

  constructor() {
    super()
    this.settings = DEFAULT_SETTINGS
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('name') && !changed.has('session')) return
    const draft = this.workspace.drafts.get(this.session.number, this.name, '')
    this.text = draft?.text ?? '[]'
    this.event = draft?.params.event ?? ''
  }

  override render() {
    const { workspace, session, name, event, text, settings } = this
    const lane = this.#watch.of(session.lanes).find(({ address }) => address === name)
    const status = lane?.state.status ?? 'left'
    const { results, rounds, problems, isRunning } = this.#sender
    return html`<article @keydown=${this.#press}>
      ${proseHeading('address', name, { description: 'Without a definition: send any event with any arguments. What comes back is in the log.' })}
      <div class="row">
        <span class="badge ${status === 'joined' ? 'good' : status === 'refused' ? 'bad' : ''}" role="status">${status === 'left' ? 'not joined' : status}</span>
        ${
          status === 'joined'
            ? html`<button @click=${() => session.leave(name)}>Leave</button>`
            : html`<button @click=${this.#join}>Join</button>`
        }
      </div>
      <form class="row" @submit=${this.#submit} id="send">
        <label>Event <input class="mono" required maxlength="200" autocomplete="off" .value=${event} @input=${(
          edit: Event,
        ) => this.#save(text, (edit.target as HTMLInputElement).value)} /></label>
      </form>
      <nsp-payload .workspace=${workspace} .label=${'Arguments, as a list'} .text=${text} .sent=${problems}
        @nsp-text=${(edit: CustomEvent<string>) => this.#save(edit.detail, event)}></nsp-payload>
      <div class="row">
        <button class="primary" form="send" aria-keyshortcuts="Control+Enter" title="Ctrl Enter">Send</button>
        ${isRunning ? html`<button @click=${() => this.#sender.stop()}>Stop</button>` : ''}
        ${sendOptions(settings, (changed) => {
          this.settings = changed
        })}
      </div>
      ${roundSummary(summarizeRounds(rounds), isRunning)}
      <nsp-results .workspace=${workspace} .name=${name} .results=${results}></nsp-results>
      <nsp-code .workspace=${workspace} .session=${session} .name=${name} .event=${event} .text=${text}></nsp-code>
    </article>`
  }

  /** Joins the namespace if it is not joined, and sends the event. */
  async send(): Promise<void> {
    if (!this.renderRoot.querySelector('form')?.reportValidity()) return
    const { session, name: address, event, text: source, settings } = this
    const payload = this.renderRoot.querySelector<NspPayload>('nsp-payload')
    const read = payload?.read()
    if (!read || read.problem) return
    if (!Array.isArray(read.value)) {
      this.#sender.problems = [{ path: '', message: 'is no list: write one argument as [1]' }]
      return payload?.focusProblems()
    }
    if (await this.#join()) await this.#sender.send({ session, address, event, args: read.value, source, ...settings })
  }

  async #join(): Promise<boolean> {
    const { error } = await joinFirst(this.session, this.name, {})
    if (error) this.#sender.refuse(error)
    // The reader may have left it meanwhile.
    return error === undefined && this.isConnected
  }

  #save(text: string, event: string): void {
    this.#sender.mend()
    this.text = text
    this.event = event
    this.workspace.drafts.set(this.session.number, this.name, '', { text, params: { event } })
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault()
    void this.send()
  }

  #press(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    event.stopPropagation()
    void this.send()
  }
}

customElements.define('nsp-plain', NspPlain)
