import type { Socket } from 'socket.io'
import type { Clock } from '../../shared/limits.js'
import type { RecoveryBudget } from './recovery-budget.js'

/** What all adapters of a server have in common. */
export interface RecoverySettings {
  /** Whether a socket has become what it was to be: one that is lost in its onConnect begins again. */
  readonly isWhole: (socket: Socket) => boolean
  /** Whose a socket is; undefined for nobody's. */
  readonly ownerOf: (socket: Socket) => string | undefined
  /** Milliseconds. */
  readonly now: Clock
  readonly budget: RecoveryBudget
  /** How long a session waits. */
  readonly waitMs: number
  /** How long an event is kept: as long as a session waits, and as long as the loss of its connection may go unnoticed. */
  readonly keepMs: number
}
