import { html, nothing } from 'lit'
import type { CallError } from '../../../plugin/client.js'
import { prettyJson } from '../../catalog/payload/pretty-json.js'
import { problemsIn } from '../../catalog/sent-problems.js'
import { visibleText } from '../../shared/visible-text.js'
import type { Workspace } from '../../workbench/workspace.js'
import { problemList } from '../payload/problem-list.js'

const OF_PARAMS = ['PARAMS_MISSING', 'NSP_CONSOLE_PARAMS']

/** What became of a join that has failed, e.g. `Joining /chat was refused`. */
export function joinWords(name: string, { code, message }: CallError): string {
  const isOfPage = code.startsWith('NSP_') || OF_PARAMS.includes(code)
  const outcome = isOfPage ? 'has failed' : 'was refused'
  return `Joining ${visibleText(name, 120)} ${outcome}: ${visibleText(code, 80)} ${visibleText(message, 600)}`
}

/** Why a namespace could not be joined, by field, and the way to its `auth`. */
export function joinRefusal(name: string, error: CallError, workspace: Workspace) {
  const { code, details, cause } = error
  const problems = problemsIn(details)
  return html`
    <p>${joinWords(name, error)}</p>
    ${cause instanceof Error && cause.message !== error.message ? html`<p>${visibleText(cause.message, 300)}</p>` : nothing}
    ${
      problems.length === 0 && details !== undefined
        ? html`<pre tabindex="0">${visibleText(prettyJson(details), 2_000)}</pre>`
        : problemList(problems)
    }
    ${
      OF_PARAMS.includes(code)
        ? nothing
        : html`<div class="row"><button @click=${() => showAuth(name, workspace)}>Edit auth of ${visibleText(name, 80)}</button></div>`
    }`
}

/** The `auth` of an address without a definition is that of all namespaces. */
function showAuth(name: string, { selection, description }: Workspace): void {
  const isDescribed = description.getSnapshot().namespaces.some((namespace) => namespace.name === name)
  selection.set(isDescribed ? { view: 'namespace', name } : { view: 'connection' })
}
