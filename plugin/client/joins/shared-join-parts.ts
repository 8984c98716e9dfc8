import type { Socket } from 'socket.io-client'
import type { ClientAuth, GapReason, JoinState } from '../client-options.js'
import type { Readable, Subscribers } from '../readable.js'

/** Takes an item of a stream, and its id. */
export type ItemReceiver = (item: unknown, itemId: unknown) => void

export interface SharedJoin {
  readonly socket: Socket
  readonly state: Readable<JoinState>
  readonly gaps: Subscribers<[reason: GapReason]>
  /** The open streams of the socket, by their ids. */
  readonly streams: Map<unknown, ItemReceiver>
  /** Adds a use, which may replace the `auth` of the next connects. Joins again if the server had refused. */
  readonly hold: (auth: ClientAuth | undefined) => void
  /** Removes a use. The last one leaves the namespace, unless another use follows in the same task. */
  readonly release: () => void
  /** Joins again after a refusal. */
  readonly rejoin: () => void
  /** Leaves at once, if it has no use. Where the connection stays open, a connect that is under way is waited for. */
  readonly end: (isConnectionEnding?: boolean) => void
}
