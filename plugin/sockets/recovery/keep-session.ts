import type { Socket } from 'socket.io'

/*
 * Sessions that are written to a broker: adapters/sessions/session-adapter.
 */

interface WritingAdapter {
  joined?(socket: Socket): void
}

/** Called when the onConnect of a socket has ended: from now on its session can be recovered. */
export function keepSession(socket: Socket): void {
  const adapter = socket.nsp.adapter as WritingAdapter
  adapter.joined?.(socket)
}
