import type { Socket } from 'socket.io-client'
import type { Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../../../plugin/index.js'
import { client as buildClient, withResolvers } from '../../harness.js'

/*
 * Streams as the stock client opens them.
 */

export interface Options {
  readonly id?: unknown
  readonly credits?: unknown
  readonly lastId?: unknown
}

/** A client of `/chat`, as Socket.IO types it. */
export async function client(t: Test, definition: object, options: NamespacesOptions = {}) {
  const { app, lines, socket } = await buildClient(t, definition as AnyNamespaceDefinition, options)
  return { app, lines, socket: socket as unknown as Socket }
}

let opened = 0

/** Opens a stream, and collects what it sends. `reads` asks for another item for each that has arrived. */
export function open(
  socket: Socket,
  event: string,
  payload: unknown = null,
  { reads = true, ...given }: Options & { reads?: boolean } = {},
) {
  const options = { id: `stream-${opened++}`, ...given }
  const items: unknown[] = []
  const ids: unknown[] = []
  const all: unknown[][] = []
  // biome-ignore lint/suspicious/noExplicitAny: an ack of any shape
  const { promise: end, resolve } = withResolvers<any>()
  const onItem = (...args: unknown[]) => {
    if (args[0] !== options.id) return
    all.push(args)
    items.push(args[1])
    ids.push(args[2])
    if (reads) socket.emit('namespace:more', options.id, 1)
  }
  socket.on('namespace:item', onItem)
  socket.emit(event, payload, options, (ack: unknown) => {
    all.push([ack])
    resolve(ack)
  })
  return { id: String(options.id), items, ids, all, end, socket }
}

export const more = ({ socket, id }: { socket: Socket; id: string }, count: unknown) =>
  socket.emit('namespace:more', id, count)
export const cancel = ({ socket, id }: { socket: Socket; id: string }) => socket.emit('namespace:cancel', id)

/** Resolves when everything that the client has sent before was received, and its answers. */
export const settled = (socket: Socket) => socket.emitWithAck('probe')
export const probe = { handler: () => 'yes' }

export const number = { type: 'object', properties: { n: { type: 'number' } } }

/** An endless generator of numbers; what happened to it. */
export function counting() {
  const seen = { taken: 0, returned: 0, aborted: 0, reason: undefined as unknown }
  async function* handler(_payload: unknown, { signal }: { signal: AbortSignal }) {
    signal.addEventListener('abort', () => {
      seen.aborted++
      seen.reason = Object(signal.reason).code ?? Object(signal.reason).message
    })
    try {
      for (;;) yield { n: seen.taken++ }
    } finally {
      seen.returned++
    }
  }
  return { seen, handler }
}
