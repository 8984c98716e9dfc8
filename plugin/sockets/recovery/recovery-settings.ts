import type { Socket } from 'socket.io'
import type { Clock } from '../../shared/limits.js'
import type { RecoveryBudget } from './recovery-budget.js'

/*
 * The settings of Socket.IO's connection state recovery that every namespace's adapter receives.
 */

/** The settings that all recovering adapters of a server share. */
export interface RecoverySettings {
  /** Whether the onConnect of a socket has ended. A session that is lost before that is not recovered. */
  readonly isJoined: (socket: Socket) => boolean
  /** To whom the session of a socket belongs: joining/sessions/session-owner. */
  readonly ownerOf: (socket: Socket) => string
  /** Milliseconds. */
  readonly now: Clock
  readonly budget: RecoveryBudget
  /** How long a lost session can be recovered. */
  readonly waitMs: number
  /** How long an event is kept: waitMs plus the time in which a lost connection may go unnoticed. */
  readonly keepMs: number
}
