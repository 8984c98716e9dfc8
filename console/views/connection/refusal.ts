import { html, nothing } from 'lit'
import type { CallError } from '../../../plugin/client.js'
import { problemsIn } from '../../catalog/sent-problems.js'
import { visibleText } from '../../shared/visible-text.js'
import { problemList } from '../payload/problem-list.js'

/** Why a namespace was refused: the code, the message, and each problem with its place. */
export function refusal({ code, statusCode, message, details, cause }: CallError) {
  const problems = problemsIn(details)
  return html`<div>
    <p class="error"><code>${visibleText(code, 80)}</code> ${Number.isFinite(statusCode) ? statusCode : nothing}</p>
    <p>${visibleText(message, 600)}</p>
    ${cause instanceof Error ? html`<p>${visibleText(cause.message, 300)}</p>` : nothing}
    ${problemList(problems)}
    ${
      details === undefined || problems.length > 0
        ? nothing
        : html`<pre>${visibleText(JSON.stringify(details, null, 2), 2_000)}</pre>`
    }
  </div>`
}
