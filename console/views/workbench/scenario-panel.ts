import { html } from 'lit'

export const content = () => html`<p class="hint">Nothing is recorded.</p>`
