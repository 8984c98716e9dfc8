/*
 * A connection to Redis, by a duplicate of a client of either family. Reconnecting, queueing and sending again are left out of what
 * the clients do: a connection that has failed is ended, and redis-link.ts makes new ones.
 */

/** One connection. It is used once: after a failure it stays ended. */
export interface RedisConnection {
  /** @throws (rejects) if the server can't be reached, or refuses the connection */
  connect(): Promise<unknown>
  /** Sends a command; several wait for their replies at once. */
  send(command: readonly string[]): Promise<unknown>
  subscribe(channels: string[], receive: (message: string) => void): Promise<unknown>
  /** Ends the connection at once, also while it connects. Commands that wait reject. */
  destroy(): void
}

export interface RedisConnectionSettings {
  /** Whose duplicate the connection is. */
  readonly client: object
  readonly connectTimeoutMs: number
  /** A key, for the clients of a Redis Cluster: it is on the node that has all of them. */
  readonly key: string
  /** Called when the connection has failed, and maybe again. */
  readonly fail: (error: unknown) => void
}
