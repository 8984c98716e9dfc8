import type { IncomingMessage } from 'node:http'
import type { EventReceiver } from './event-receivers.js'
import type { FastConnection } from './fast/fast-connection.js'
import type { WriteBatch } from './write-batch.js'

/*
 * The state that the plugin keeps on a connection, engine.io's server-side socket: one object under one symbol. Only the file
 * named at a field uses it. A field is `unknown` where its type belongs to a later wing.
 */

/** Bytes (characters of a text) that were sent to a connection and that its client has not read. */
export interface UnreadBytes {
  flushed: number
  created: number
  readonly limit: number
  readonly report: (bytes: number) => void
}

class ConnectionState {
  /** wire/slow-reader: undefined where there is no limit. */
  unread: UnreadBytes | undefined = undefined
  /** wire/event-receivers: replaced by a new list with each change. */
  receivers: readonly EventReceiver[] | undefined = undefined
  /** wire/packet-codec: its decoder. */
  decoder: { readonly isWaiting: boolean } | undefined = undefined
  /** wire/write-batch: what is sent in this tick. */
  writeBatch: WriteBatch | undefined = undefined
  /** wire/fast/fast-path: null where the connection can't have one, undefined until a socket has asked for it. */
  fastConnection: FastConnection | null | undefined = undefined
  /** wire/fast/fast-path: whether the application listens for its packets. */
  isWatched = false
  /** engine/http/handshake-request: in place of the request that a WebTransport connection lacks. */
  standIn: IncomingMessage | undefined = undefined
  /** joining/implicit-connect: true after the first CONNECT packet, before it the timer that waits for one. */
  firstConnect: true | NodeJS.Timeout | undefined = undefined
  /** joining/connection-joins */
  joins: unknown = undefined
  /** events/gate/event-rates: the rates of sockets that have left, by namespace. */
  rates: unknown = undefined
}

const STATE = Symbol('fastify-namespaces: connection')

/**
 * The state of a connection, created by the first call.
 *
 * @param connection - `socket.conn`, engine.io's socket
 */
export function connectionStateOf(connection: object): ConnectionState {
  const stateful = connection as { [STATE]?: ConnectionState }
  stateful[STATE] ??= new ConnectionState()
  return stateful[STATE]
}
