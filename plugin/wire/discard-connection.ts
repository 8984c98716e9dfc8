/*
 * Ends a connection at once, with everything that its client has not read.
 */

/** engine.io's socket, as far as it is used here. */
export interface DiscardableConnection {
  readonly readyState: string
  /** `shouldClose` is set on a polling transport that waits for the next poll to close; it closes the transport at once. */
  readonly transport: { readonly shouldClose?: (() => void) | null }
  close(discard: boolean): void
  emit(event: 'drain'): unknown
}

export function discardConnection(connection: DiscardableConnection): void {
  connection.close(true)
  // In engine.io 6.6.0 `close(true)` waits for this event if something is unsent, so for as long as the client reads nothing.
  if (connection.readyState === 'closing') connection.emit('drain')
  connection.transport.shouldClose?.()
}
