import { checkPlace, KEPT, POSTGRES_PLACE, REDIS_PLACE } from '../definition/adapters/adapter-options.js'
import { closedGroup, wholeNumber } from '../definition/normalize/option-rules.js'

/*
 * The options of the stores over Redis and PostgreSQL.
 */

/** The options that both stores share. */
interface SharedStoreOptions {
  /**
   * Begins the names of all keys, channels and tables. The same on every node.
   * @defaultValue `'fastify-namespaces'`
   */
  prefix?: string
  /**
   * Milliseconds that the server may take to answer at boot. Then `ready()` and `listen()` fail with `FST_NSP_STORE_UNREACHABLE`. Later, an
   * event waits as long for a server that has gone.
   * @defaultValue 5_000
   */
  connectTimeoutMs?: number
  /**
   * Bytes of one ack. In place of a longer one, the error `FST_NSP_ACK_TOO_LARGE` is kept.
   * @defaultValue 1_000_000
   */
  maxAckBytes?: number
}

/** Redis 6.2 to 8, or Valkey, by `redis` (5 or 6) or `ioredis`. One of `url` and `client` is required. */
export interface RedisStoreOptions extends SharedStoreOptions {
  /** E.g. `redis://user:password@localhost:6379`, or `rediss://` for TLS. Loads `redis`, or else `ioredis`. */
  url?: string
  /** A client of `redis` or `ioredis`: for Sentinel, Cluster and TLS. The store uses duplicates of it, and leaves it open. */
  client?: object
}

/** PostgreSQL 12 or later, by `pg`. One of `url` and `pool` is required. */
export interface PostgresStoreOptions extends SharedStoreOptions {
  /** E.g. `postgres://user:password@localhost:5432/database`. */
  url?: string
  /** A pool of `pg`. The store listens on one of its connections, and leaves it open. */
  pool?: object
}

const SHARED = { ...KEPT, maxAckBytes: wholeNumber(1, 1_000_000, 100_000_000) }
const REDIS = closedGroup({ ...SHARED, ...REDIS_PLACE })
const POSTGRES = closedGroup({ ...SHARED, ...POSTGRES_PLACE })

/** Options with their defaults. */
type Complete<Options> = Options & Required<SharedStoreOptions>

/** @throws FST_NSP_OPTIONS_INVALID naming the path; no message has a url */
export function readRedisOptions(options: RedisStoreOptions): Complete<RedisStoreOptions> {
  const read = REDIS.read(options, 'createRedisStore') as Complete<RedisStoreOptions>
  checkPlace(read, 'createRedisStore', 'client')
  return read
}

/** @throws FST_NSP_OPTIONS_INVALID naming the path; no message has a url */
export function readPostgresOptions(options: PostgresStoreOptions): Complete<PostgresStoreOptions> {
  const read = POSTGRES.read(options, 'createPostgresStore') as Complete<PostgresStoreOptions>
  checkPlace(read, 'createPostgresStore', 'pool')
  return read
}
