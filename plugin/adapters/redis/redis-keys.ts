/*
 * The names of keys and channels. All have the prefix in braces, so that they are on one node of a Redis Cluster.
 */

export interface RedisKeys {
  readonly epoch: string
  /** A stream of this node, which ends a read that waits. */
  readonly alarm: string
  readonly channelOfAll: string
  channelOf(node: string): string
  log(log: number): string
  session(id: string): string
  /** The number of a node's last entry that has changed retained values. */
  retainedBy(log: number, node: string): string
  /** The values of a set, and their order. */
  retained(set: string): readonly [values: string, order: string]
}

export function createKeys(prefix: string, node: string): RedisKeys {
  const begin = `{${prefix}}:`
  return {
    epoch: `${begin}epoch`,
    alarm: `${begin}alarm:${node}`,
    channelOfAll: `${begin}all`,
    channelOf: (other) => `${begin}node:${other}`,
    log: (log) => `${begin}log:${log}`,
    session: (id) => `${begin}session:${id}`,
    retainedBy: (log, node) => `${begin}retained-by:${log}:${node}`,
    retained: (set) => [`${begin}retained:${set}`, `${begin}retained-order:${set}`],
  }
}
