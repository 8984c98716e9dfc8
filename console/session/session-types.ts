import type { CallError, GapReason, JoinState } from '../../plugin/client.js'
import type { Readable } from '../shared/writable.js'

/** Who the page is for the server. Its texts may have variables: `{{token}}`. */
export interface Identity {
  /** 1 or 2. */
  readonly number: number
  readonly label: string
  /** `auth` as a text of JSON, by the name of the namespace; `''` is for every namespace without its own. */
  readonly auth: Readonly<Record<string, string>>
  /** The query of the handshake, by name. */
  readonly query: Readonly<Record<string, string>>
  /** Further headers of the handshake. A browser sends them by polling only. */
  readonly headers: Readonly<Record<string, string>>
  readonly transports: 'default' | 'polling' | 'websocket'
}

/** The one connection of a session. */
export interface ConnectionState {
  readonly status: 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'blocked'
  /** `polling` or `websocket`, while it is connected. */
  readonly transport?: string
  readonly openWebSockets: number
  /** How many WebSockets the session has ever opened. */
  readonly everOpened: number
  /** How often the connection was lost and came back. */
  readonly reconnects: number
  /** Id of the engine session. */
  readonly id?: string
  /** Why it was lost, in the words of Socket.IO. */
  readonly reason?: string
  /** Milliseconds since 1970, until which the page keeps the network blocked. */
  readonly blockedUntil?: number
}

/** A namespace that is joined, or was. */
export interface Lane {
  readonly name: string
  readonly address: string
  readonly params: Readonly<Record<string, unknown>>
  readonly state: JoinState
  /** Milliseconds since 1970. */
  readonly joinedAt?: number
  /** How long the last join took. */
  readonly joinMs?: number
  /** How often it was joined, the first time included. */
  readonly joins: number
  /** Events sent, and events received; acks do not count. */
  readonly up: number
  readonly down: number
  /** Whether the server keeps what a lost connection misses, as far as its last answer tells. */
  readonly hasRecovery?: boolean
  /** Why the last rejoin was no recovery; undefined if nothing was missed. */
  readonly gap?: LaneGap | undefined
}

/** Why emits may have been missed. `no-recovery`: the server has none. */
export type LaneGap = GapReason | 'no-recovery'

/** A measured round trip. */
export interface RoundTrip {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly ms: number
  readonly kind: 'join' | 'ack'
}

/** How a call has ended. */
export interface CallResult {
  /** The arguments of the ack: one for a declared event. Absent if none came. */
  readonly acks?: readonly unknown[]
  /** The error of the ack envelope, or of the client: `NSP_CLIENT_TIMEOUT`, a refused join. */
  readonly error?: CallError
  /** From the emit to the ack. */
  readonly ms: number
}

export interface SendOptions {
  /** Default: 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** The payload as the reader has written it, with its variables: for scenarios. */
  readonly source?: string
}

/** A stream that is open, or was. */
export interface OpenStream {
  /** How it has ended: with the return value or an error. Never rejects. */
  readonly result: Promise<{ readonly value?: unknown; readonly error?: CallError; readonly ms: number }>
  /** Gives the server credits for further items, if `credits` was `manual`. */
  readonly more: (count: number) => void
  readonly cancel: () => void
}

export interface StreamOptions {
  readonly credits?: number
  /** Called with each item. */
  readonly onItem: (item: unknown) => unknown
  /** Whether the page asks for further items only by `more()`. */
  readonly isManual?: boolean
  /** As in SendOptions. */
  readonly source?: string
}

/** What the reader has done, when it has ended: scenarios and the history are made of it. */
export type SessionAction = {
  /** Number of the identity. */
  readonly identity: number
  readonly name: string
  readonly address: string
} & (
  | { readonly kind: 'join'; readonly auth: string; readonly error?: CallError }
  | { readonly kind: 'leave' }
  | {
      readonly kind: 'call'
      readonly event: string
      readonly args: readonly unknown[]
      readonly source?: string
      readonly result: CallResult
    }
  | { readonly kind: 'send'; readonly event: string; readonly args: readonly unknown[]; readonly source?: string }
  | {
      readonly kind: 'stream'
      readonly event: string
      readonly payload: unknown
      readonly source?: string
      /** The first 20 items. */
      readonly items: readonly unknown[]
      readonly isCancelled: boolean
      readonly error?: CallError
    }
)

/** One identity, with one connection for all its namespaces. */
export interface Session {
  readonly number: number
  readonly identity: Readable<Identity>
  readonly connection: Readable<ConnectionState>
  /** In the order in which they were joined first. */
  readonly lanes: Readable<readonly Lane[]>
  /** The last 600. */
  readonly roundTrips: Readable<readonly RoundTrip[]>
  /** Replaces the identity. A changed query, header or transport opens a new connection, and joins again. */
  readonly become: (identity: Identity) => void
  /** Resolves when it is joined; rejects with a CallError. */
  readonly join: (name: string, params?: Readonly<Record<string, unknown>>) => Promise<void>
  /** Joins again after a refusal, or to be authenticated anew. */
  readonly rejoin: (address: string) => void
  readonly leave: (address: string) => void
  /** Sends an event with an ack. The namespace has to be joined. Never rejects. */
  readonly call: (
    address: string,
    event: string,
    args: readonly unknown[],
    options?: SendOptions,
  ) => Promise<CallResult>
  /** Sends an event without an ack. */
  readonly send: (
    address: string,
    event: string,
    args: readonly unknown[],
    options?: Pick<SendOptions, 'source'>,
  ) => void
  readonly stream: (address: string, event: string, payload: unknown, options: StreamOptions) => OpenStream
  /** Answers emits that ask for an ack with a value; `undefined` answers nothing. */
  readonly answerWith: (address: string, emit: string, value: unknown) => void
  /** Drops the connection, as a lost network does. It comes back by itself. */
  readonly drop: () => void
  /** Drops the connection, and keeps it from coming back for some time. */
  readonly block: (ms: number) => void
  /** Ends a block. */
  readonly unblock: () => void
  readonly close: () => void
  /** Calls a function after each action. Returns a function that ends it. */
  readonly onAction: (listener: (action: SessionAction) => void) => () => void
}
