import type { Broker, LogPosition, RetainedPart } from '../broker.js'
import type { ClusterLog } from '../log/cluster-log.js'

/*
 * What a live address needs to have the values of its sets in memory: they are read once, together with the end of the log at that
 * moment. Items behind that end change them.
 */

export interface RetainedReads {
  /**
   * Reads sets of a live address, once its log is followed: every item behind the end is delivered here.
   *
   * @throws (rejects) if the broker can't be reached, or the connection is lost before the answer
   */
  read(address: string, sets: readonly string[]): Promise<RetainedPart>
  /**
   * Calls `run` when the log of an address was delivered up to a position, and nothing behind it: at once if it was, when more may be
   * delivered already. Never, if the log is not followed any more, or if the broker loses something: see `LogReceiver.rereadRetained`.
   */
  whenDelivered(address: string, position: LogPosition, run: () => void): void
}

export interface RetainedReadsOptions {
  readonly broker: Pick<Broker, 'readRetained'>
  readonly numberOf: (address: string) => number
  readonly logOf: (address: string) => Pick<ClusterLog, 'following' | 'whenDelivered'>
}

export function createRetainedReads({ broker, numberOf, logOf }: RetainedReadsOptions): RetainedReads {
  return {
    async read(address, sets) {
      await logOf(address).following.followed
      return await broker.readRetained(numberOf(address), sets)
    },
    whenDelivered: (address, position, run) => logOf(address).whenDelivered(position, run),
  }
}
