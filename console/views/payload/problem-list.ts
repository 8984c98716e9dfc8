import { html, nothing } from 'lit'
import type { Problem } from '../../shared/problem.js'
import { visibleText } from '../../shared/visible-text.js'

const SHOWN = 20

/** A list of problems by their places. */
export function problemList(problems: readonly Problem[]) {
  if (problems.length === 0) return nothing
  return html`<ul class="problems">
    ${problems
      .slice(0, SHOWN)
      .map(
        ({ path, message }) =>
          html`<li><code>${visibleText(path || '/', 200)}</code> <span class="error">${visibleText(message, 400)}</span></li>`,
      )}
    ${problems.length > SHOWN ? html`<li class="hint">and ${problems.length - SHOWN} more</li>` : nothing}
  </ul>`
}
