import type { LogContinuity, LogPosition } from '../broker.js'
import type { RedisLink } from './redis-link.js'
import { isBefore, timeOf } from './redis-replies.js'
import { LAST_UP_TO } from './redis-scripts.js'

/*
 * Finds out what became of a log while the connection was lost. Redis may have restarted without its data, with an older snapshot of
 * them, or a replica without the last entries may have taken over. New entries may be there already.
 */

export interface KnownLog {
  readonly key: string
  /** The last entry that was delivered. */
  readonly delivered: LogPosition
  /** The last entry that this node has appended, as far as Redis has said so. */
  readonly appended: LogPosition | undefined
  readonly windowMs: number
  /** Whether the stored data have kept their identity. */
  readonly isSameEpoch: boolean
}

/** Returns what became of the log, and after which position to read on. */
export async function continuityOf(
  link: Pick<RedisLink, 'send' | 'now'>,
  known: KnownLog,
): Promise<[LogContinuity, LogPosition]> {
  const { key, delivered, appended = delivered, windowMs, isSameEpoch } = known
  const latest = isBefore(delivered, appended) ? appended : delivered
  const lastUpTo = async (position: LogPosition) =>
    (await link.send(['EVAL', LAST_UP_TO, '1', key, position])) as LogPosition | null
  const has = async (position: LogPosition) => (await lastUpTo(position)) === position
  // A log is lost from its end, and trimmed from its beginning.
  if (await has(latest)) return [latest === delivered || (await has(delivered)) ? 'continuous' : 'trimmed', delivered]
  if (isSameEpoch && timeOf(latest) < link.now() - windowMs) return ['trimmed', delivered]
  return ['rolled back', (await lastUpTo(delivered)) ?? '0-0']
}
