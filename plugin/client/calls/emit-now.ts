import type { Socket } from 'socket.io-client'
import type { JoinState } from '../client-options.js'
import type { Readable } from '../readable.js'

/** A use of a namespace, as calls and streams see it. */
export interface CallTarget {
  readonly socket: Socket
  readonly state: Readable<JoinState>
}

/** What Socket.IO keeps for itself. */
interface AckTable {
  readonly ids: number
  readonly acks: Record<number, unknown>
}

/** The number of the ack of the next event that has one. */
export function nextAckOf(socket: Socket): number {
  return (socket as unknown as AckTable).ids
}

/** Forgets acks, which may never come: Socket.IO keeps their listeners as long as the connection. */
export function forgetAcks(socket: Socket, ...acks: readonly number[]): void {
  for (const ack of acks) delete (socket as unknown as AckTable).acks[ack]
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
