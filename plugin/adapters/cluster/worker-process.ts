import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import type { WorkerChannel } from './worker-channel.js'

/*
 * The process of a worker, as its broker uses it.
 */

/** What the broker needs of `process`. */
export interface WorkerProcess extends WorkerChannel {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  off(event: 'message', listener: (message: unknown) => void): unknown
  off(event: 'disconnect', listener: () => void): unknown
}

// A process that was forked in another way may have a channel, too.
/* c8 ignore next: the process of a worker is never the one that measures */
export const OWN_PROCESS: WorkerProcess = cluster.worker?.process ?? new EventEmitter()
