import type { RedisConnection, RedisConnectionSettings } from './redis-connection.js'

/*
 * A connection by node-redis (the package `redis`), version 5 or 6: a client, a cluster or a sentinel.
 */

/** The part of node-redis that is used here. It is described here, because the package may not be installed. */
interface NodeRedis {
  readonly options?: { readonly socket?: object }
  readonly isOpen: boolean
  duplicate(overrides: object): NodeRedis
  connect(): Promise<unknown>
  sendCommand(...args: readonly unknown[]): Promise<unknown>
  subscribe(channels: string[], listener: (message: string) => void): Promise<unknown>
  on(event: string, listener: (error: unknown) => void): unknown
  destroy(): unknown
}

export function connectNodeRedis({ client, connectTimeoutMs, key, fail }: RedisConnectionSettings): RedisConnection {
  // Whoever hands over another object is told so when the options are checked: adapter-options.ts.
  const base = client as NodeRedis
  const abort = new AbortController()
  const duplicate = base.duplicate({
    url: undefined,
    // Ends a connection that is being made.
    socket: {
      ...base.options?.socket,
      connectTimeout: connectTimeoutMs,
      reconnectStrategy: false,
      signal: abort.signal,
    },
    RESP: 2,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    // Version 6 starts a timer for each command. The link notices by its beat that nothing is answered.
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    pingInterval: undefined,
  })
  duplicate.on('error', fail)
  duplicate.on('end', () => fail(new Error('The connection was closed')))
  const send = senderOf(base, duplicate, key)

  return {
    connect: () => duplicate.connect(),
    send,
    subscribe: (channels, receive) => duplicate.subscribe(channels, receive),
    destroy() {
      // Version 5 throws if it is closed already.
      if (duplicate.isOpen) duplicate.destroy()
      abort.abort()
    },
  }
}

/** A cluster wants to know the node, and a sentinel whether a replica will do. */
function senderOf(base: NodeRedis, client: NodeRedis, key: string): RedisConnection['send'] {
  if ('nodeClient' in base) return (command) => client.sendCommand(key, false, command)
  if ('acquire' in base) return (command) => client.sendCommand(false, command)
  return (command) => client.sendCommand(command)
}
