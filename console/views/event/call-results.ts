import { css, html, LitElement, nothing } from 'lit'
import type { EventDescription } from '../../../plugin/definition/contract/description.js'
import { prettyJson } from '../../catalog/payload/pretty-json.js'
import { problemsIn } from '../../catalog/sent-problems.js'
import type { CallResult } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import '../copy-button.js'
import { panelStyles } from '../panel-styles.js'
import { problemList } from '../payload/problem-list.js'
import { joinRefusal, joinWords } from './join-refusal.js'

/** A result with the time when it came. */
export interface TimedResult extends CallResult {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Whether the namespace could not be joined: nothing was sent. */
  readonly isRefusal?: boolean
}

const TEXT_LENGTH = 20_000

/** The last results of an event, the newest first and open. */
class NspResults extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    name: { attribute: false },
    results: { attribute: false },
    description: { attribute: false },
  }
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      :host { gap: 6px; }
      details { border: 1px solid var(--rule); border-radius: 8px; padding: 6px 10px; background: var(--surface); }
      .body { display: grid; gap: 6px; }
      .row nsp-copy { margin-inline-start: auto; }
    `,
  ]

  declare workspace: Workspace
  /** Of the namespace. */
  declare name: string
  declare results: readonly TimedResult[]
  declare description: EventDescription | undefined

  override render() {
    return html`<div role="status" class="visually-hidden">${this.#said()}</div>
      ${this.results.map((result, index) => this.#result(result, index === 0))}`
  }

  /** What a screen reader is told of the newest one. */
  #said(): string {
    const [newest] = this.results
    if (!newest) return ''
    if (newest.error && newest.isRefusal) return joinWords(this.name, newest.error)
    return newest.error
      ? `Error ${visibleText(newest.error.code, 80)}: ${visibleText(newest.error.message)}`
      : 'Acked: ok'
  }

  #result(result: TimedResult, isOpen: boolean) {
    const { error, acks, ms, at, isRefusal } = result
    const shown = error ? error.details : dataOf(acks)
    const problems = problemsIn(error?.details)
    return html`<details ?open=${isOpen}>
      <summary>
        ${error ? html`<span class="badge bad">✕ ${visibleText(error.code, 80)}</span>` : html`<span class="badge good">✓ ok</span>`}
        <span class="hint">
          ${error && Number.isFinite(error.statusCode) ? `status ${error.statusCode}, ` : ''}${isRefusal ? 'not sent' : `${ms.toFixed(1)} ms`},
          ${new Date(at).toLocaleTimeString()}
        </span>
      </summary>
      <div class="body">
        ${
          error && isRefusal
            ? joinRefusal(this.name, error, this.workspace)
            : html`${error ? html`<p>${visibleText(error.message, 2_000)}</p>${this.#meaning(error.code)}` : nothing}
              ${problems.length > 0 ? problemList(problems) : shown === undefined ? nothing : text(shown)}`
        }
        <nsp-copy .text=${() => prettyJson(acks ?? error)}></nsp-copy>
      </div>
    </details>`
  }

  /** What the contract says about a declared error. */
  #meaning(code: string) {
    const errors = this.description?.errors
    if (!errors || !Object.hasOwn(errors, code)) return nothing
    const { title, description } = Object(errors[code]?.jsonSchema)
    return html`<p class="hint">Declared by the event${
      typeof (description ?? title) === 'string' ? `: ${visibleText(description ?? title, 1_000)}` : ''
    }.</p>`
  }
}

function text(value: unknown) {
  return html`<pre tabindex="0">${visibleText(prettyJson(value), TEXT_LENGTH)}</pre>`
}

/** The data of an ack envelope; whatever else came, as a list. */
function dataOf(acks: readonly unknown[] = []): unknown {
  const { ok, data } = Object(acks[0])
  if (acks.length === 1 && ok === true) return data
  return acks.length > 1 ? acks : acks[0]
}

customElements.define('nsp-results', NspResults)
