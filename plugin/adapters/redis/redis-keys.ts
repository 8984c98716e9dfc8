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
  }
}
