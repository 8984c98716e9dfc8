import { connectionStateOf, type EventReceiver } from './connection-state.js'

/*
 * The receivers of a connection: one for each namespace with declared events that the connection has joined. A declared event
 * goes from its frame, or from the decoder, to its receiver, past the event emitters of Socket.IO.
 */

const NONE: readonly EventReceiver[] = []

/** Adds the receiver of a socket that has joined. Socket.IO closes connections that send an event before. */
export function addReceiver(connection: object, receiver: EventReceiver): void {
  const state = connectionStateOf(connection)
  // concat() makes an array of their number; push() and a spread with one more reserve room for seventeen.
  state.receivers = (state.receivers ?? NONE).concat(receiver)
}

/** Removes the receiver of a socket that has left its namespace. */
export function removeReceiver(connection: object, receiver: EventReceiver): void {
  const state = connectionStateOf(connection)
  state.receivers = state.receivers?.filter((other) => other !== receiver)
}

/**
 * @param receivers - those of the connection
 * @returns the receiver of a declared event; undefined if Socket.IO has to emit the event
 */
export function findReceiver(
  receivers: readonly EventReceiver[] | undefined,
  namespace: string,
  event: string,
): EventReceiver | undefined {
  if (receivers === undefined) return undefined
  for (const receiver of receivers) {
    if (receiver.namespace === namespace) return receiver.knows(event) ? receiver : undefined
  }
  return undefined
}
