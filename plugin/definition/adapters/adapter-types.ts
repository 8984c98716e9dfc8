import type { Namespace, ServerOptions } from 'socket.io'

/*
 * The option `adapter`: what connects the nodes of a cluster.
 */

/** The options that all brokers share. */
export interface BrokerOptions {
  /**
   * Begins the names of all keys, channels and tables, so that several applications can share a broker.
   * @defaultValue `'fastify-namespaces'`
   */
  prefix?: string
  /**
   * Milliseconds that the broker may take to answer at boot. Then `ready()` and `listen()` fail with
   * `FST_NSP_BROKER_UNREACHABLE`. Stay below Fastify's `pluginTimeout` of 10 seconds, whose error does not name the broker.
   * @defaultValue 5_000
   */
  connectTimeoutMs?: number
  /**
   * Whether to boot without the broker, and to connect once it is there. Until then, emits wait in the outbox. What waiting does
   * not mend (a wrong password, an unknown database) fails the boot as without it, if the first try tells so.
   * @defaultValue `false`
   */
  waitForBroker?: boolean
  /**
   * How many logs the emits of the cluster are divided into, 1 to 64, by the address of their namespace. A node reads only the
   * logs of addresses that are live on it. The same on every node.
   * @defaultValue 8
   */
  logs?: number
  /**
   * Bytes of emits that wait for a broker that is down. Beyond it an emit throws `FST_NSP_BROKER_BACKLOG`.
   * @defaultValue 67_108_864
   */
  outboxBytes?: number
  /**
   * Milliseconds that other nodes may take to answer `fetchSockets()` and alike. A node that does not is left out.
   * @defaultValue 5_000
   */
  requestTimeoutMs?: number
}

/** Redis 6.2 to 8, or Valkey, by `redis` (5 or 6) or `ioredis`. */
export interface RedisAdapterOptions extends BrokerOptions {
  type: 'redis'
  /** E.g. `redis://user:password@localhost:6379`, or `rediss://` for TLS. Loads `redis`, or else `ioredis`. */
  url?: string
  /** A client of `redis` or `ioredis`, in place of `url`: for Sentinel, Cluster and TLS. The plugin uses duplicates of it, and leaves it open. */
  client?: object
}

/** PostgreSQL 12 or later, by `pg`. */
export interface PostgresAdapterOptions extends BrokerOptions {
  type: 'postgres'
  /** E.g. `postgres://user:password@localhost:5432/database`. */
  url?: string
  /** A pool of `pg`, in place of `url`. The plugin leaves it open. */
  pool?: object
}

/** The workers of one Node.js cluster. The primary calls `setupPrimary()` of `fastify-namespaces/cluster`. */
export interface ClusterAdapterOptions extends BrokerOptions {
  type: 'cluster'
}

/** A function or class that creates the adapter of a namespace, as `io.adapter` takes it. */
export type CreateAdapter = NonNullable<ServerOptions['adapter']> | ((namespace: Namespace) => unknown)

export type AdapterOptions = RedisAdapterOptions | PostgresAdapterOptions | ClusterAdapterOptions
