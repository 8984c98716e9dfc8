import { css, html, LitElement, nothing } from 'lit'
import { isSecretName } from '../../../plugin/cli/live/credentials.js'
import type { Environment } from '../../workbench/environment.js'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import type { NspTools } from './tools.js'

interface Row {
  readonly name: string
  readonly value: string
  readonly isSecret: boolean
}

const NAME = /^[\w.-]+$/

/** Edits the environments and their variables. Each change counts at once. */
class NspEnvironments extends LitElement {
  static override properties = { workspace: { attribute: false }, rows: { state: true } }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 12px; }
      table { table-layout: fixed; }
      th:nth-child(3), td:nth-child(3) { width: 4.5rem; }
      th:nth-child(4), td:nth-child(4) { width: 2.5rem; padding-right: 0; }
      td input:not([type="checkbox"]) { width: 100%; font-family: var(--mono); }
      input[type="checkbox"] { width: 24px; height: 24px; margin: 3px 0; accent-color: var(--accent); }
    `,
  ]

  declare workspace: Workspace
  declare rows: readonly Row[]

  override willUpdate(): void {
    // What is typed may not be a name yet: the rows are read once, and then edited here.
    this.rows ??= this.#readRows()
  }

  override render() {
    const { current, all } = this.workspace.variables.environments.getSnapshot()
    const wrong = this.rows.filter(({ name }) => name !== '' && !NAME.test(name))
    return html`
      <p class="hint">
        Write <code>{{name}}</code> in a payload, in auth, in a header. Values are kept in this browser. Secrets are kept in memory
        only: a reload forgets them, and no link, export or history has them.
      </p>
      <div class="row">
        <label for="environment">Environment</label>
        <select id="environment" @change=${(event: Event) => this.#select(readValue(event))}>
          ${all.map(({ name }) => html`<option ?selected=${name === current}>${name}</option>`)}
        </select>
        <button @click=${this.#add}>New</button>
        ${all.length > 1 ? html`<button @click=${this.#remove}>Delete ${current}</button>` : nothing}
        <label>Name <input .value=${current} maxlength="60" @change=${(event: Event) => this.#rename(readValue(event))} /></label>
      </div>
      <table>
        <thead><tr><th scope="col">Name</th><th scope="col">Secret</th><th scope="col">Value</th><th><span class="visually-hidden">Remove</span></th></tr></thead>
        <tbody>${[...this.rows, EMPTY].map((row, index) => this.#row(row, index))}</tbody>
      </table>
      <p class="error" role="status">
        ${wrong.length > 0 ? 'A name has letters, digits, _, - and . only.' : ''}
      </p>
    `
  }

  #row({ name, value, isSecret }: Row, index: number) {
    const change = (part: Partial<Row>) => this.#change(index, part)
    const number = index + 1
    // Before it has a value: what is no secret is written into the browser's storage as it is typed.
    const named = (next: string) => ({ name: next, isSecret: isSecret || (value === '' && isSecretName(next)) })
    return html`
      <tr>
        <td><input aria-label="Name ${number}" .value=${name} spellcheck="false" @input=${(event: Event) => change(named(readValue(event)))} /></td>
        <td>
          <input aria-label="${name || `Variable ${number}`} is a secret" type="checkbox" .checked=${isSecret}
            @change=${(event: Event) => change({ isSecret: (event.target as HTMLInputElement).checked })} />
        </td>
        <td>
          <input aria-label="Value ${number}" .value=${value} type=${isSecret ? 'password' : 'text'} autocomplete="off" spellcheck="false"
            placeholder=${isSecret && value === '' ? 'forgotten: give it again' : ''}
            @input=${(event: Event) => change({ value: readValue(event) })} />
        </td>
        <td>
          ${index < this.rows.length ? html`<button class="quiet" aria-label="Remove ${name}" @click=${() => this.#change(index)}>✕</button>` : nothing}
        </td>
      </tr>
    `
  }

  /** Changes a row; without a change, removes it. */
  #change(index: number, part?: Partial<Row>): void {
    const row = { ...(this.rows[index] ?? EMPTY), ...part }
    this.rows = this.rows.toSpliced(index, 1, ...(part ? [row] : []))
    const valid = this.rows.filter(({ name }) => NAME.test(name))
    const select = (isSecret: boolean) =>
      Object.fromEntries(valid.filter((one) => one.isSecret === isSecret).map(({ name, value }) => [name, value]))
    this.#replace({ ...this.#current(), values: select(false), secrets: select(true) })
  }

  #current(): Environment {
    const { current, all } = this.workspace.variables.environments.getSnapshot()
    return all.find(({ name }) => name === current) ?? { name: current, values: {}, secrets: {} }
  }

  #replace(next: Environment): void {
    const { variables } = this.workspace
    const { current, all } = variables.environments.getSnapshot()
    variables.set({ current: next.name, all: all.map((one) => (one.name === current ? next : one)) })
    this.requestUpdate()
  }

  #select(current: string): void {
    const { variables } = this.workspace
    variables.set({ ...variables.environments.getSnapshot(), current })
    this.rows = this.#readRows()
  }

  /** A copy, so that only what differs has to be typed. The secrets of one server are none of the other. */
  #add(): void {
    const { variables } = this.workspace
    const { all } = variables.environments.getSnapshot()
    const { values, secrets } = this.#current()
    const name = nameBeside(all, all.length === 1 ? 'staging' : 'environment')
    const forgotten = Object.fromEntries(Object.keys(secrets).map((secret) => [secret, '']))
    variables.set({ current: name, all: [...all, { name, values, secrets: forgotten }] })
    this.rows = this.#readRows()
  }

  #remove(): void {
    const { variables } = this.workspace
    const { current, all } = variables.environments.getSnapshot()
    const rest = all.filter(({ name }) => name !== current)
    variables.set({ current: rest[0]?.name ?? current, all: rest })
    this.rows = this.#readRows()
  }

  #rename(name: string): void {
    const { current, all } = this.workspace.variables.environments.getSnapshot()
    const others = all.filter((one) => one.name !== current)
    if (name !== '') this.#replace({ ...this.#current(), name: nameBeside(others, name) })
    else this.requestUpdate()
  }

  #readRows(): Row[] {
    const { values, secrets } = this.#current()
    const rowsOf = (record: Readonly<Record<string, string>>, isSecret: boolean) =>
      Object.entries(record).map(([name, value]) => ({ name, value, isSecret }))
    return [...rowsOf(values, false), ...rowsOf(secrets, true)]
  }
}

const EMPTY: Row = { name: '', value: '', isSecret: false }

function readValue(event: Event): string {
  return (event.target as HTMLInputElement).value
}

/** A name that no other environment has. */
function nameBeside(others: readonly Environment[], name: string): string {
  let free = name
  for (let number = 2; others.some((one) => one.name === free); number++) free = `${name} ${number}`
  return free
}

export const environmentsPanel = ({ workspace }: NspTools) =>
  html`<nsp-environments .workspace=${workspace}></nsp-environments>`

customElements.define('nsp-environments', NspEnvironments)
