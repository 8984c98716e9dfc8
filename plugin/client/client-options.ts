import type { Manager, ManagerOptions } from 'socket.io-client'
import type { CallError } from './call-error.js'

/*
 * What the client takes and tells, without the types of a definition.
 */

/** For which connect `auth` is called. */
export interface AuthRequest {
  /** The name of the namespace, e.g. `/orgs/:orgId`. */
  readonly name: string
  /** Its address, e.g. `/orgs/42`. */
  readonly address: string
  readonly params: Readonly<Record<string, unknown>>
  /** Whether the former `auth` had expired: return a new one. */
  readonly isRenewal: boolean
}

/** The `auth` of a connect: an object, or a function that is called for each connect. */
export type ClientAuth = object | ((request: AuthRequest) => object | undefined | Promise<object | undefined>)

/** The options of `createClient()`. */
export interface ClientOptions {
  /** What the hooks of joining read, e.g. `{ token }`. A function is called for each connect, and once more after an expiry. */
  readonly auth?: ClientAuth
  /** The hash of the contract that each namespace was built with, by its name. See `onContract()`. */
  readonly contracts?: Readonly<Record<string, string>>
  /**
   * Longest that a call takes, in milliseconds; 0 turns it off.
   * @defaultValue 10_000
   */
  readonly timeoutMs?: number
  /**
   * What a call does that is made while the namespace is not joined: it waits until it is joined, or fails at once.
   * @defaultValue `'wait'`
   */
  readonly offline?: 'wait' | 'fail'
  /**
   * How many calls may wait for a connection, in all namespaces.
   * @defaultValue 100
   */
  readonly maxWaiting?: number
  /**
   * Milliseconds after which the connection is closed when the last namespace has been left.
   * @defaultValue 5_000
   */
  readonly idleMs?: number
  /** The options of Socket.IO's Manager, e.g. `path` and `transports`. */
  readonly io?: Partial<ManagerOptions>
  /** A Manager of your own, in place of one for `url` and `io`. */
  readonly manager?: Manager
}

/** The options of `client.join()`. */
export interface ClientJoinOptions {
  /** Replaces `auth` of the client for this namespace, from its next connect on. */
  readonly auth?: ClientAuth
  /** Leaves the namespace when it aborts. */
  readonly signal?: AbortSignal
}

/** The options of a call. */
export interface CallOptions {
  /** Longest that this call takes, in milliseconds; 0 turns it off. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /**
   * Sends the event again after a lost connection, and after each `timeoutMs`, until it is answered. For events with
   * `idempotency` only: the server handles every copy of any other event.
   * @defaultValue false
   */
  readonly retry?: boolean
}

/** The options of a stream. */
export interface ClientStreamOptions<Item = unknown> {
  readonly signal?: AbortSignal
  /** How many items may be on their way or unread. The event's own `credits` is the default, and the most. */
  readonly credits?: number
  /** Called with each item, in place of an iteration. The next item is not asked for before its promise has settled. */
  readonly onItem?: (item: Item) => unknown
  /**
   * Whether the stream is opened again after a lost connection.
   * @defaultValue true if its items have ids
   */
  readonly resume?: boolean
}

/** Where a joined namespace stands. Frozen; the same object until it changes. */
export type JoinState =
  | { readonly status: 'joining' }
  | { readonly status: 'joined'; readonly recovered: boolean }
  | { readonly status: 'recovering'; readonly reason: string }
  | { readonly status: 'refused'; readonly error: CallError }
  | { readonly status: 'left' }

/**
 * Why something may have been missed: the connection was lost, the server had disconnected the socket, or it has dropped emits with
 * `dropOldest`, because this client was slow to read.
 */
export type GapReason = 'not-recovered' | 'server-disconnect' | 'dropped'

/** The server's contract of a namespace is another one than the client was built with. */
export interface ClientContractDifference {
  readonly name: string
  readonly address: string
  /** The hash of the server's contract. */
  readonly server: string
  /** The hash in `contracts`. */
  readonly client: string
  /** Whether the server has refused the join because of it. */
  readonly isRefused: boolean
}
