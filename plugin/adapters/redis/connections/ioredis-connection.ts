import type { RedisConnection, RedisConnectionSettings } from './redis-connection.js'

/*
 * A connection by ioredis, version 5 or 6: a Redis, also one with sentinels, or a Cluster.
 */

/** The part of ioredis that is used here. It is described here, because the package may not be installed. */
interface Ioredis {
  readonly options: { readonly redisOptions?: object }
  readonly isCluster?: boolean
  duplicate(...overrides: unknown[]): Ioredis
  connect(): Promise<unknown>
  call(...command: readonly string[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  disconnect(): void
}

const OVERRIDES = {
  lazyConnect: true,
  retryStrategy: () => null,
  reconnectOnError: null,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: null,
  // A read that waits is no failure.
  commandTimeout: undefined,
  socketTimeout: undefined,
  keyPrefix: undefined,
  protocol: 2,
  // What does not answer a FIN is destroyed.
  disconnectTimeout: 100,
}

export function isIoredis(client: object): client is Ioredis {
  return 'call' in client
}

export function connectIoredis(base: Ioredis, { connectTimeoutMs, fail }: RedisConnectionSettings): RedisConnection {
  const overrides = { ...OVERRIDES, connectTimeout: connectTimeoutMs }
  const client = base.isCluster
    ? base.duplicate([], {
        lazyConnect: true,
        clusterRetryStrategy: () => null,
        enableOfflineQueue: false,
        redisOptions: { ...base.options.redisOptions, ...overrides },
      })
    : base.duplicate(overrides)
  const failures: unknown[] = []
  client.on('error', (error: unknown) => {
    failures.push(error)
    fail(error)
  })
  client.on('end', () => fail(new Error('The connection was closed')))

  return {
    async connect() {
      // Its promise rejects with `Connection is closed`, and its event has the reason. A refused password is an event only.
      await client.connect().catch((error: unknown) => void failures.push(error))
      if (failures.length > 0) throw failures[0]
    },
    send: (command) => client.call(...command),
    subscribe(channels, receive) {
      client.on('message', (_channel: string, message: string) => receive(message))
      return client.subscribe(...channels)
    },
    destroy: () => client.disconnect(),
  }
}
