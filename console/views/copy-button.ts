import { html, LitElement } from 'lit'
import { baseStyles } from './base-styles.js'

/** A button that copies a text, and says whether it could. */
class NspCopy extends LitElement {
  static override properties = { text: { attribute: false }, said: { state: true } }
  static override styles = baseStyles

  /** Writes the text, when it is copied. */
  declare text: () => string
  declare said: string

  constructor() {
    super()
    this.said = ''
  }

  override render() {
    return html`<button class="quiet" @click=${this.#copy}>Copy</button> <span class="hint" role="status">${this.said}</span>`
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text())
      this.said = 'Copied'
    } catch {
      this.said = 'The browser forbids it: select the text instead' // without HTTPS, or by a policy
    }
  }
}

customElements.define('nsp-copy', NspCopy)
