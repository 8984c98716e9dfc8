import type { Manager } from 'socket.io-client'
import type { ClientContractDifference } from '../client-options.js'

/** The hashes of a contract: the server's, and the client's. */
export type ContractHashes = Pick<ClientContractDifference, 'server' | 'client'>

/** What a shared join is made of. */
export interface SharedJoinOptions {
  readonly manager: Manager
  readonly address: string
  /** The `auth` of the next connect. */
  readonly authenticate: (isRenewal: boolean) => Promise<object>
  /** Whether `authenticate` may have another answer the next time. */
  readonly canRenew: () => boolean
  /** Keeps the connection open: see Connection. */
  readonly lease: () => () => void
  readonly onContract: (hashes: ContractHashes, isRefused: boolean) => void
  /** Called when the last use has gone. */
  readonly onDisposed: () => void
}
