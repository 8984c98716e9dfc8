import type { Session } from 'socket.io-adapter'
import type { BudgetShare, RecoveryBudget } from './recovery-budget.js'
import type { Membership } from './sent-log.js'

/*
 * The sessions of one namespace whose connections are lost, until they are recovered or expire.
 */

/** A session that can be recovered. */
export interface RecoverableSession {
  readonly session: Omit<Session, 'missedPackets'>
  readonly membership: Membership
  /** Milliseconds. */
  readonly expiresAt: number
  readonly owner: string
}

// The approximate memory of a recoverable session, and of each of its rooms, in bytes.
const SESSION_BYTES = 1_000
const ROOM_BYTES = 100

interface Kept extends RecoverableSession {
  share: BudgetShare | undefined
}

/** By private id, which only the client knows. */
export class RecoverableSessions {
  readonly #budget: RecoveryBudget
  readonly #sessions = new Map<string, Kept>()

  constructor(budget: RecoveryBudget) {
    this.#budget = budget
  }

  get size(): number {
    return this.#sessions.size
  }

  /** When the last one expires; 0 if there is none. */
  get expiresAt(): number {
    let last = 0
    for (const { expiresAt } of this.#sessions.values()) last = Math.max(last, expiresAt)
    return last
  }

  keep(recoverable: RecoverableSession, now: number): void {
    const { pid } = recoverable.session
    const kept: Kept = { ...recoverable, share: undefined }
    this.#sessions.set(pid, kept)
    const drop = () => void this.#sessions.delete(pid)
    kept.share = this.#budget.take({ drop }, SESSION_BYTES + ROOM_BYTES * recoverable.membership.rooms.size, now)
  }

  /** The session of a private id; undefined if there is none, or if it has expired. */
  find(pid: string, now: number): RecoverableSession | undefined {
    const kept = this.#sessions.get(pid)
    return kept && kept.expiresAt > now ? kept : undefined
  }

  /** Removes a session that is kept. */
  remove(pid: string): void {
    const { share } = this.#sessions.get(pid) as Kept
    this.#sessions.delete(pid)
    if (share) this.#budget.release(share)
  }

  /** Removes those that have expired. */
  sweep(now: number): void {
    for (const [pid, { expiresAt }] of this.#sessions) if (expiresAt <= now) this.remove(pid)
  }

  clear(): void {
    for (const pid of this.#sessions.keys()) this.remove(pid)
  }
}
