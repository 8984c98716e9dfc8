import { html, nothing } from 'lit'
import type { Prose } from '../../../plugin/definition/contract/description.js'
import { visibleText } from '../../shared/visible-text.js'

const PROSE_LENGTH = 4_000

/** The heading of a view: a name, and what people read about it. */
export function proseHeading(kind: string, name: string, prose: Prose, badges: readonly string[] = []) {
  const { summary, description, tags = [], deprecated } = prose
  return html`<header>
    <div class="row">
      <h2><span class="hint">${kind}</span> <span class="mono">${visibleText(name)}</span></h2>
      ${deprecated ? html`<span class="badge warn">deprecated</span>` : nothing}
      ${badges.map((badge) => html`<span class="badge">${badge}</span>`)}
      ${tags.map((tag) => html`<span class="badge">${visibleText(tag, 60)}</span>`)}
    </div>
    ${summary ? html`<p>${visibleText(summary, PROSE_LENGTH)}</p>` : nothing}
    ${description ? html`<p class="prose">${visibleText(description, PROSE_LENGTH)}</p>` : nothing}
  </header>`
}
