/*
 * The subpath export `fastify-namespaces/stores`: idempotency stores for several nodes.
 */

export { createPostgresStore } from './stores/postgres-store.js'
export { createRedisStore } from './stores/redis-store.js'
export type { PostgresStoreOptions, RedisStoreOptions } from './stores/store-options.js'
