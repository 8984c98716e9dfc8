import type { Manager, Socket } from 'socket.io-client'
import type {
  CallOptions,
  ClientContractDifference,
  ClientJoinOptions,
  ClientStreamOptions,
  GapReason,
  JoinState,
} from './client-options.js'
import type { Readable } from './readable.js'

/*
 * The client as it runs, without the types of a definition.
 */

/** The items of a stream, once, and its end. */
export interface ItemStream<Item = unknown, Return = unknown> extends AsyncIterable<Item, Return> {
  /** What the handler has returned. Rejects with a CallError, also after `cancel()`; nobody has to listen for that. */
  readonly result: Promise<Return>
  /** Ends the stream here and in the server. An iteration ends without an error. */
  readonly cancel: () => void
}

/** A function that receives the arguments of an emit. */
export type AnyListener = (...args: never[]) => unknown

/** One use of a namespace: what `client.join()` returns. */
export interface AnyJoined {
  readonly name: string
  readonly address: string
  /** Socket.IO's socket, which all uses of the address share. */
  readonly socket: Socket
  readonly state: Readable<JoinState>
  /** Resolves when the namespace is joined; rejects when the server refuses it, or the application leaves it. */
  readonly ready: Promise<void>
  /** Sends an event, and resolves with the data of its ack. Rejects with a CallError. */
  call(event: string, payload?: unknown, options?: CallOptions): Promise<unknown>
  /** Whether an error is a CallError of this event. */
  isErrorOf(event: string, error: unknown): boolean
  /** Sends an event without an ack: nobody hears whether it was handled. */
  send(event: string, payload?: unknown): void
  /** Calls a function for each emit of this name, across reconnects. Returns a function that removes it. */
  on(emit: string, listener: AnyListener): () => void
  once(emit: string, listener: AnyListener): () => void
  off(emit: string, listener: AnyListener): void
  /** Answers the emits of this name with what a function returns. */
  answer(emit: string, answer: AnyListener): () => void
  /** Opens a stream. */
  stream(event: string, payload?: unknown, options?: ClientStreamOptions): ItemStream
  /** Calls a function after each rejoin that was no recovery: load the state again. */
  onGap(listener: (reason: GapReason) => unknown): () => void
  /** Joins again after a refusal. */
  rejoin(): void
  /** Ends this use. The last one of an address leaves the namespace. */
  leave(): void
}

/** What `createClient()` returns. */
export interface AnyClient {
  readonly manager: Manager
  /** How many calls wait, for a connection or for their ack. */
  readonly pending: Readable<number>
  join(name: string, params?: Readonly<Record<string, unknown>>, options?: ClientJoinOptions): AnyJoined
  onContract(listener: (difference: ClientContractDifference) => unknown): () => void
  /** Lets the browser ask before the page is left, while calls wait. Returns a function that ends it. */
  warnBeforeUnload(): () => void
  /** Leaves all namespaces, and closes the connection. A later `join()` opens a new one. */
  close(): void
}
