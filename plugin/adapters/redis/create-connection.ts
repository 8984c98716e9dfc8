import { connectIoredis, isIoredis } from './ioredis-connection.js'
import { connectNodeRedis } from './node-redis-connection.js'
import type { RedisConnection, RedisConnectionSettings } from './redis-connection.js'

/** Makes a connection that is not connected yet. */
export function createConnection(settings: RedisConnectionSettings): RedisConnection {
  return isIoredis(settings.client) ? connectIoredis(settings.client, settings) : connectNodeRedis(settings)
}
