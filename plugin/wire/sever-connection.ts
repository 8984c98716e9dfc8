/*
 * Ends a connection whose client is gone, although its network has not said so.
 */

/** engine.io's socket, as far as it is used here. */
interface SeverableConnection {
  readonly transport: {
    /** The WebSocket, which polling and WebTransport do not have. */
    readonly socket?: { terminate(): void }
    emit(event: 'close'): unknown
  }
}

/**
 * Ends a connection synchronously, with the reason `transport close`, as if the network had reported the loss. A WebSocket gets
 * no close frame, and is not waited for; a poll that waits is answered.
 */
export function severConnection(connection: object): void {
  const { transport } = connection as SeverableConnection
  transport.socket?.terminate()
  // What follows a poll that does not come ends with the session: engine/engine-sessions.
  transport.emit('close')
}
