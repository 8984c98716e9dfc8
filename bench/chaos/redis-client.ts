import { createClient } from 'redis'

/*
 * The clients of Redis of a node.
 */

export function createRedis(path: string) {
  const client = createClient({ socket: { path, tls: false } })
  // It connects again by itself.
  client.on('error', () => {})
  return client
}

export const connectRedis = (path: string) => createRedis(path).connect()
