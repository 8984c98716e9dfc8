import { css, html, LitElement } from 'lit'
import type { Workspace } from '../../workbench/workspace.js'
import { baseStyles } from '../base-styles.js'
import type { NspTools } from './tools.js'

const KEYS = [
  ['/', 'Search the namespaces and events'],
  ['Ctrl Enter', 'Send'],
  ['p', 'Pause the log, or go on'],
  ['Ctrl K', 'Go to an event, or do something'],
  ['?', 'This help'],
  ['Escape', 'Close a dialog'],
] as const

/** The keys of the page, and whether those of one character count. */
class NspHelp extends LitElement {
  static override properties = { workspace: { attribute: false } }
  static override styles = [
    baseStyles,
    css`
      :host { display: grid; gap: 10px; }
      input { width: 18px; height: 18px; margin: 3px; accent-color: var(--accent); }
    `,
  ]

  declare workspace: Workspace

  override render() {
    const { storage } = this.workspace
    const change = (event: Event) => storage.write('single-keys', (event.target as HTMLInputElement).checked)
    return html`
      <table>
        <thead><tr><th scope="col">Key</th><th scope="col">Does</th></tr></thead>
        <tbody>${KEYS.map(([key, text]) => html`<tr><td><kbd class="mono">${key}</kbd></td><td>${text}</td></tr>`)}</tbody>
      </table>
      <label class="row">
        <input type="checkbox" .checked=${storage.read('single-keys') !== false} @change=${change} />
        Keys of one character: <code>/</code> <code>p</code> <code>?</code>
      </label>
      <p class="hint">On a Mac, use ⌘ in place of Ctrl. While you type in a field, only keys with Ctrl count.</p>
    `
  }
}

export const helpPanel = ({ workspace }: NspTools) => html`<nsp-help .workspace=${workspace}></nsp-help>`

customElements.define('nsp-help', NspHelp)
