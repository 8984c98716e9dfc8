import { randomUUID } from 'node:crypto'
import type { Socket } from 'socket.io-client'
import type { Refusal } from './server-connection.js'

/*
 * Calls an event of a server, or opens a stream, by the wire format of docs/wire.md.
 */

/** What an ack says. */
export type CallResult =
  | { readonly ok: true; readonly data?: unknown }
  | { readonly ok: false; readonly error: Refusal }

/** Calls an event. A time-out and a lost connection are errors like any other. */
export async function callEvent(
  socket: Socket,
  event: string,
  payload: readonly unknown[],
  timeoutMs: number,
): Promise<CallResult> {
  return untilAck(socket, timeoutMs, (ack) => socket.emit(event, ...payload, ack))
}

export interface OpenStreamOptions {
  readonly onItem: (item: unknown) => void
  /** Cancels the stream. */
  readonly signal: AbortSignal
  /** Longest to wait for an item, or for the end. */
  readonly timeoutMs: number
}

/** Opens a stream. Resolves at its end. */
export async function openStream(
  socket: Socket,
  event: string,
  payload: unknown,
  { onItem, signal, timeoutMs }: OpenStreamOptions,
): Promise<CallResult> {
  const id = randomUUID()
  let waiting: { refresh(): void } | undefined
  const receive = (of: unknown, item: unknown) => {
    if (of !== id) return
    waiting?.refresh()
    onItem(item)
    socket.emit('namespace:more', id, 1)
  }
  const cancel = () => void socket.emit('namespace:cancel', id)
  socket.on('namespace:item', receive)
  signal.addEventListener('abort', cancel)
  try {
    return await untilAck(socket, timeoutMs, (ack, timer) => {
      waiting = timer
      socket.emit(event, payload, { id }, ack)
    })
  } finally {
    socket.off('namespace:item', receive)
    signal.removeEventListener('abort', cancel)
  }
}

function untilAck(
  socket: Socket,
  timeoutMs: number,
  send: (ack: (envelope: CallResult) => void, timer: { refresh(): void }) => void,
): Promise<CallResult> {
  return new Promise((resolve) => {
    const fail = (code: string, message: string) => end({ ok: false, error: { code, message } })
    const timer = setTimeout(() => fail('TIMEOUT', `No answer within ${timeoutMs} ms`), timeoutMs)
    const onDisconnect = (reason: string) => fail('DISCONNECTED', reason)
    socket.on('disconnect', onDisconnect)
    send(end, timer)

    function end(envelope: CallResult): void {
      clearTimeout(timer)
      socket.off('disconnect', onDisconnect)
      resolve(envelope)
    }
  })
}
