import type { IncomingMessage } from 'node:http'

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
  /** Undefined until a socket joins a namespace that bounds its emits. */
  waiting: WaitingBound | undefined
}

/** Drops emits that wait for a connection. */
interface WaitingBound {
  note(packet: object): void
  flush(): void
  seal(): void
}

/** Receives the declared events of one socket. */
export interface EventReceiver {
  readonly namespace: string
  /** Whether it receives events of that name; Socket.IO itself emits all others. */
  knows(event: string): boolean
  /**
   * @param data - the list of the event's name and arguments
   * @param id - the number of its ack; undefined if the client wants none
   * @param isJson - whether the list was parsed from JSON: then it has no binary data
   */
  receive(data: readonly unknown[], id: number | undefined, isJson: boolean): void
  /** Ends its connection because `receive` has thrown. The other events of the batch are received. */
  abort(error: unknown): void
}

/** The options of `write` of the engine's socket. */
export interface WriteOptions {
  /** Set for a broadcast, which passes the same object to all its connections. */
  readonly preEncoded?: boolean
}

/** Sends past engine.io. */
export interface FastSender {
  /** Whether what is sent now is written with what is collected. */
  readonly isClear: boolean
  /** Whether relays wait for the end of the iteration of the event loop. */
  readonly isLate: boolean
  /** Notes that engine.io was given a packet, which later sends must not overtake. */
  noteEnginePacket(isPing: boolean): void
  /** @returns false if engine.io has to send it */
  send(data: string | Buffer, options: WriteOptions | undefined): boolean
}

/** What engine.io was given in this tick, and keeps until its end. */
export interface PendingWrites {
  /** Counts what is added, in characters or bytes. Writes what was given before if all together are more than `longest`. */
  add(length: number, longest: number): void
  flush(): void
}

export class ConnectionState {
  /** wire/slow-reader */
  unread: UnreadBytes | undefined = undefined
  /** wire/event-receivers: replaced by a new list with each change. */
  receivers: readonly EventReceiver[] | undefined = undefined
  /** wire/packet-codec: its decoder. */
  decoder: { readonly isWaiting: boolean } | undefined = undefined
  /** wire/write-batch: what is sent in this tick. */
  writeBatch: PendingWrites | undefined = undefined
  /** wire/fast/fast-path: null where the connection can't have one, undefined until a socket has asked for it. */
  fastConnection: FastSender | null | undefined = undefined
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
