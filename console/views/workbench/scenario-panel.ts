import { css, html, LitElement, nothing } from 'lit'
import { visibleText } from '../../shared/visible-text.js'
import { expectationOf } from '../../workbench/scenario/expectation.js'
import type { Keep, RecordedStep, Recording } from '../../workbench/scenario/recorded-step.js'
import { createRecorder, type Recorder } from '../../workbench/scenario/recorder.js'
import { writeScenario } from '../../workbench/scenario/scenario-file.js'
import { writeTapTest } from '../../workbench/scenario/tap-test.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import { Watch } from '../watch.js'
import type { NspTools } from './tools.js'

const KEEPS: Readonly<Record<Keep, string>> = {
  nothing: 'that it comes',
  types: 'the types of its data',
  exactly: 'exactly its data',
}
const LONGEST_SHOWN = 200

/** The recorder of a page: a dialog that is closed goes on to record. */
const recorders = new WeakMap<Workspace, Recorder>()

function recorderOf(workspace: Workspace): Recorder {
  const recorder = recorders.get(workspace) ?? createRecorder(workspace)
  recorders.set(workspace, recorder)
  return recorder
}

/** Records a scenario, edits its steps, and exports it. */
class NspScenario extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    recorder: { attribute: false },
    name: { state: true },
  }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 12px; }
      ol { display: grid; counter-reset: step; }
      ol li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 8px; padding: 6px 0; border-bottom: 1px solid var(--rule); }
      ol li > :nth-child(n + 3) { grid-column: 1 / -1; }
      ol button { padding: 0; min-width: 28px; justify-content: center; }
      ul li { padding: 2px 0; }
      .recording { color: var(--red); font-weight: 600; }
      pre { max-height: 20rem; overflow: auto; padding: 10px; border-radius: 8px; background: var(--sunken); white-space: pre-wrap; }
      input { flex: 1 1 9rem; min-width: 0; }
    `,
  ]

  declare workspace: Workspace
  declare recorder: Recorder
  declare name: string
  readonly #watch = new Watch(this)

  constructor() {
    super()
    this.name = 'scenario'
  }

  override render() {
    const { recorder } = this
    const isOn = this.#watch.of(recorder.isOn)
    const steps = this.#watch.of(recorder.steps)
    // New emits change the counts of the log.
    this.#watch.of(this.workspace.log.counts)
    return html`
      <p class="hint">
        While it records, what you do with every identity becomes a step: join, send, stream, leave. Close this dialog, and go on.
      </p>
      <div class="row">
        <button class=${isOn ? '' : 'primary'} @click=${isOn ? recorder.stop : recorder.start}>${isOn ? 'Stop' : 'Record'}</button>
        <span class="recording" role="status">${isOn ? `● Recording: ${steps.length} step${steps.length === 1 ? '' : 's'}` : ''}</span>
        ${steps.length > 0 ? html`<button class="quiet" @click=${() => recorder.set([])}>Delete all</button>` : nothing}
      </div>
      <ol>${steps.map((step, index) => this.#step(step, index, steps))}</ol>
      ${this.#emits()} ${steps.length > 0 ? this.#exports() : nothing}
    `
  }

  #step(step: RecordedStep, index: number, steps: readonly RecordedStep[]) {
    const { kind, target, client, sent, answer } = step
    const what = `step ${index + 1}`
    const move = (to: number) => this.recorder.set(steps.toSpliced(index, 1).toSpliced(to, 0, step))
    const replace = (...instead: RecordedStep[]) => this.recorder.set(steps.toSpliced(index, 1, ...instead))
    const expected = kind === 'send' || kind === 'leave' ? undefined : expectationOf(step)
    return html`
      <li>
        <span><strong>${kind}</strong> <code>${visibleText(target, LONGEST_SHOWN)}</code> <span class="hint">${client}</span></span>
        <span class="row">
          <button class="quiet" aria-label="Move ${what} up" ?disabled=${index === 0} @click=${() => move(index - 1)}>↑</button>
          <button class="quiet" aria-label="Move ${what} down" ?disabled=${index === steps.length - 1} @click=${() => move(index + 1)}>↓</button>
          <button class="quiet" aria-label="Delete ${what}" @click=${() => replace()}>✕</button>
        </span>
        ${sent === undefined ? nothing : html`<code>${visibleText(JSON.stringify(sent), LONGEST_SHOWN)}</code>`}
        ${
          answer === undefined
            ? nothing
            : html`<label class="row">Expect
                <select aria-label="What ${what} expects" @change=${(event: Event) => replace({ ...step, keep: readKeep(event) })}>
                  ${Object.entries(KEEPS).map(([keep, text]) => html`<option value=${keep} ?selected=${keep === step.keep}>${text}</option>`)}
                </select>
              </label>`
        }
        ${expected === undefined ? nothing : html`<code class="hint">→ ${visibleText(JSON.stringify(expected), LONGEST_SHOWN)}</code>`}
      </li>
    `
  }

  #emits() {
    const heard = this.recorder.heard()
    if (heard.length === 0) return nothing
    return html`
      <section>
        <h3>Emits that no step expects yet</h3>
        <ul>
          ${heard.map(
            (emit) => html`
              <li class="row">
                <button @click=${() => this.recorder.expectEmit(emit)}>Expect ${visibleText(emit.event, 80)}</button>
                <span class="hint">${emit.client}</span>
                <code>${visibleText(JSON.stringify(emit.payload) ?? '', 80)}</code>
              </li>
            `,
          )}
        </ul>
      </section>
    `
  }

  #exports() {
    const recording = this.#recording()
    const { variables } = recording
    return html`
      <section>
        <h3>Export</h3>
        <div class="row">
          <label for="name">Name</label>
          <input id="name" .value=${this.name} maxlength="120" @input=${this.#rename} />
          <button @click=${() => this.#download('yaml', writeScenario(recording, this.#file('yaml')))}>Scenario (YAML)</button>
          <button @click=${() => this.#download('test.ts', writeTapTest(recording, this.#file('test.ts')))}>tap test</button>
        </div>
        ${
          variables.length === 0
            ? nothing
            : html`<p class="hint">Variables: ${variables.map(
                ({ name, value }) => html`<code>${name}</code> ${value === undefined ? '(given by who runs it)' : ''} `,
              )}</p>`
        }
        <details><summary>See the file</summary><pre tabindex="0">${visibleText(writeScenario(recording, this.#file('yaml')), 20_000)}</pre></details>
      </section>
    `
  }

  #recording(): Recording {
    const { config, externalPrefix } = this.workspace
    return {
      title: this.workspace.variables.redact(this.name),
      url: location.origin,
      path: externalPrefix + config.path,
      steps: this.recorder.steps.getSnapshot(),
      variables: this.recorder.variables(),
    }
  }

  #rename(event: Event): void {
    this.name = (event.target as HTMLInputElement).value
  }

  #file(extension: string): string {
    return `${
      this.#recording()
        .title.replace(/[^\w-]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'scenario'
    }.${extension}`
  }

  #download(extension: string, text: string): void {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    link.download = this.#file(extension)
    link.click()
    URL.revokeObjectURL(link.href)
  }
}

function readKeep(event: Event): Keep {
  return (event.target as HTMLSelectElement).value as Keep
}

export const scenarioPanel = (tools: NspTools) => {
  const recorder = recorderOf(tools.workspace)
  tools.followRecorder(recorder)
  return html`<nsp-scenario .workspace=${tools.workspace} .recorder=${recorder}></nsp-scenario>`
}

customElements.define('nsp-scenario', NspScenario)
