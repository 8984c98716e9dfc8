import { connectRedis } from './redis-client.js'

/*
 * What a Redis server holds.
 */

export interface RedisUsage {
  readonly keys: number
  /** Channels and patterns that somebody has subscribed to, sharded ones included. */
  readonly channels: number
  readonly bytes: number
}

/** @param path - of its Unix socket */
export async function readUsage(path: string): Promise<RedisUsage> {
  const client = await connectRedis(path)
  try {
    const [keys, channels, sharded, patterns, info] = await Promise.all([
      client.dbSize(),
      client.pubSubChannels(),
      client.pubSubShardChannels(),
      client.pubSubNumPat(),
      client.info('memory'),
    ])
    const bytes = Number(/^used_memory:(\d+)/m.exec(info)?.[1])
    return { keys, channels: channels.length + sharded.length + patterns, bytes }
  } finally {
    client.destroy()
  }
}
