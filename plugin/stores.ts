/*
 * The subpath export `fastify-namespaces/stores`: idempotency stores for several nodes, and the outbox.
 */

export { createPostgresOutbox, type PostgresOutboxOptions } from './stores/outbox/postgres-outbox.js'
export { createPostgresStore } from './stores/postgres-store.js'
export { createRedisStore } from './stores/redis-store.js'
export type { PostgresStoreOptions, RedisStoreOptions } from './stores/store-options.js'
