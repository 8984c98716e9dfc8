import { html } from 'lit'

/** What the button of an event does. */
export interface SendPurpose {
  readonly isJoining: boolean
  readonly isStream: boolean
  /** Whether a stream is open, which another would replace. */
  readonly isOpen: boolean
}

/** The button that sends an event, or opens its stream. */
export function sendButton({ isJoining, isStream, isOpen }: SendPurpose, send: () => unknown) {
  const words = isOpen ? 'Open anew' : isStream ? 'Open the stream' : 'Send'
  return html`<button class=${isOpen ? '' : 'primary'} ?disabled=${isJoining} aria-keyshortcuts="Control+Enter"
    title=${isOpen ? 'Cancels this stream and opens another (Ctrl Enter)' : 'Ctrl Enter'} @click=${send}>${isJoining ? 'Joining …' : words}</button>`
}
