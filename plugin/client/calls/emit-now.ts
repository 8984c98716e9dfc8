import type { Socket } from 'socket.io-client'
import type { JoinState } from '../client-options.js'
import type { Readable } from '../readable.js'

/** A use of a namespace, as calls and streams see it. */
export interface CallTarget {
  readonly socket: Socket
  readonly state: Readable<JoinState>
}

/**
 * Emits an event if it can be sent now. Where socket.io-client finds that the connection is dead, it would keep the event and send
 * it over the next one, when its caller may have given up.
 *
 * @returns whether the event was sent
 */
export function emitNow(socket: Socket, event: string, ...args: unknown[]): boolean {
  const { length } = socket.sendBuffer
  socket.emit(event, ...args)
  const isSent = socket.sendBuffer.length === length
  if (!isSent) socket.sendBuffer.pop()
  return isSent
}
