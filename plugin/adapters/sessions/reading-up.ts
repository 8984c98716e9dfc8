import { setTimeout } from 'node:timers/promises'
import type { ClusterLog } from '../log/cluster-log.js'
import { comparePositions, parseOffset } from '../log/log-position.js'

/*
 * A node that stood still, or that had no broker, is behind others. A client that comes to it has received what this node has not
 * read yet, and would receive it again.
 */

const READ_MS = 5_000
const CHECK_MS = 20

/**
 * Resolves when a log is read up to what a client has received.
 *
 * @returns false if it is not after five seconds, as for an offset of no node
 */
export async function readUpTo(log: Pick<ClusterLog, 'offset'>, received: string): Promise<boolean> {
  const until = performance.now() + READ_MS
  while (isBehind(log.offset, received)) {
    if (performance.now() >= until) return false
    await setTimeout(CHECK_MS, undefined, { ref: false })
  }
  return true
}

function isBehind(read: string, received: string): boolean {
  const [here, there] = [parseOffset(read), parseOffset(received)]
  // Places of different epochs can't be compared.
  return here !== undefined && here.epoch === there?.epoch && comparePositions(here.position, there.position) < 0
}
