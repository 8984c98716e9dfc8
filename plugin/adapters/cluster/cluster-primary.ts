import type { Cluster, Worker } from 'node:cluster'
import { FST_NSP_BROKER_UNREACHABLE } from '../broker-errors.js'
import { LogKeeper } from './log-keeper.js'
import { ServedWorker } from './served-worker.js'

/*
 * Serves the workers of a Node.js cluster: the primary has their logs, sessions and messages in its memory.
 */

/** Prefixes, each of which has a keeper. */
const MOST_KEEPERS = 64

const served = new WeakSet<object>()

/**
 * Serves the workers of a cluster, those that are forked later included. A second call does nothing.
 *
 * @throws FST_NSP_BROKER_UNREACHABLE in a worker
 */
export function servePrimary(cluster: Pick<Cluster, 'isPrimary' | 'on'>): void {
  if (!cluster.isPrimary)
    throw new FST_NSP_BROKER_UNREACHABLE(
      'cluster',
      'is served by the primary',
      'call setupPrimary() only where cluster.isPrimary',
    )
  if (served.has(cluster)) return
  served.add(cluster)

  const keepers = new Map<string, LogKeeper>()
  const keeperOf = (prefix: string) => {
    // A worker that invents prefixes shares the last one.
    const name = keepers.has(prefix) || keepers.size < MOST_KEEPERS ? prefix : ''
    const keeper = keepers.get(name) ?? new LogKeeper()
    keepers.set(name, keeper)
    return keeper
  }
  const workers = new Map<Worker, ServedWorker>()
  cluster.on('message', (worker, message) => {
    const known = workers.get(worker) ?? new ServedWorker(worker, keeperOf)
    workers.set(worker, known)
    known.receive(message)
  })
  // Also a worker that was killed disconnects.
  cluster.on('disconnect', (worker) => {
    workers.get(worker)?.end()
    workers.delete(worker)
  })
}
