import { html, LitElement } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import type { Session } from '../session/session-types.js'
import type { Selection, Workspace } from '../workbench/workspace.js'
import { baseStyles } from './base-styles.js'
import { Watch } from './watch.js'

/** What shows each selection. It is loaded when it is shown first. */
const VIEWS = {
  connection: () => import('./connection/connection.js'),
  namespace: () => import('./connection/namespace.js'),
  event: () => import('./event/event.js'),
  emit: () => import('./event/emit.js'),
  plain: () => import('./event/plain.js'),
}

/** The middle of the page, for one identity. */
class NspMiddle extends LitElement {
  static override properties = { workspace: { attribute: false }, session: { attribute: false } }
  static override styles = baseStyles

  declare workspace: Workspace
  declare session: Session
  readonly #watch = new Watch(this)
  readonly #loaded = new Set<string>()

  override render() {
    const selection = this.#watch.of(this.workspace.selection)
    const isAlone = this.#watch.of(this.workspace.sessions).length === 1
    const { label } = this.#watch.of(this.session.identity)
    return html`${isAlone ? '' : html`<p class="hint">${label}</p>`}${
      // What one event was given, e.g. to be sent 1,000 times, is not for the next one; nor is what an undo brings back.
      keyed(JSON.stringify(selection), this.#view(selection))
    }`
  }

  #view(selection: Selection) {
    const { workspace, session } = this
    if (selection.view === 'start') return ''
    if (!this.#loaded.has(selection.view)) {
      void VIEWS[selection.view]().then(() => {
        this.#loaded.add(selection.view)
        this.requestUpdate()
      })
      return ''
    }
    switch (selection.view) {
      case 'connection':
        return html`<nsp-connection .workspace=${workspace} .session=${session}></nsp-connection>`
      case 'namespace':
        return html`<nsp-namespace .workspace=${workspace} .session=${session} .name=${selection.name}></nsp-namespace>`
      case 'event':
        return html`
          <nsp-event .workspace=${workspace} .session=${session} .name=${selection.name} .event=${selection.event}></nsp-event>
        `
      case 'emit':
        return html`
          <nsp-emit .workspace=${workspace} .session=${session} .name=${selection.name} .event=${selection.event}></nsp-emit>
        `
      default:
        return html`<nsp-plain .workspace=${workspace} .session=${session} .name=${selection.name}></nsp-plain>`
    }
  }
}

customElements.define('nsp-middle', NspMiddle)
