import cluster from 'node:cluster'
import { servePrimary } from './adapters/cluster/cluster-primary.js'

/*
 * The subpath export `fastify-namespaces/cluster`: what the primary of a Node.js cluster runs.
 */

/**
 * Connects the workers of this Node.js cluster, whose plugin has `adapter: { type: 'cluster' }`. The primary keeps their logs and
 * sessions in its memory. Call it before the first `cluster.fork()`; a second call does nothing.
 *
 * @throws FST_NSP_BROKER_UNREACHABLE in a worker
 *
 * @example
 * import cluster from 'node:cluster'
 * import { setupPrimary } from 'fastify-namespaces/cluster'
 *
 * if (cluster.isPrimary) {
 *   setupPrimary()
 *   for (let count = 0; count < 4; count++) cluster.fork()
 * } else {
 *   await import('./server.js')
 * }
 */
export function setupPrimary(): void {
  servePrimary(cluster)
}
