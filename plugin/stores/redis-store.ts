import { randomUUID } from 'node:crypto'
import { KeptLink } from '../adapters/redis/kept-link.js'
import { loadClient } from '../adapters/redis/load-client.js'
import { secretsOf, toFailure } from '../adapters/redis/redis-failure.js'
import { RedisLink } from '../adapters/redis/redis-link.js'
import type { IdempotencyStore } from '../definition/idempotency.js'
import { FST_NSP_STORE_UNREACHABLE } from '../shared/errors/idempotency-errors.js'
import { type ClaimAttempt, type ClaimsSettings, createLeasedStore, type SharedClaims } from './leased-store.js'
import { CLAIM, RELEASE, RENEW_CLAIM, SETTLE } from './redis-claim-scripts.js'
import { type RedisStoreOptions, readRedisOptions } from './store-options.js'

/*
 * The idempotency store over Redis: one script for each method, and one channel on which the end of a claim is told.
 */

/**
 * Creates an idempotency store over Redis, for several nodes. It connects when the application boots, or with its first use, and is closed
 * with the application.
 *
 * @throws FST_NSP_OPTIONS_INVALID naming the path
 *
 * @example
 * import { createRedisStore } from 'fastify-namespaces/stores'
 *
 * const store = createRedisStore({ url: 'redis://localhost:6379' })
 * // in the definition of an event
 * idempotency: { key: (order) => order.key, store }
 */
export function createRedisStore(options: RedisStoreOptions): IdempotencyStore {
  const { url, client, ...shared } = readRedisOptions(options)
  return createLeasedStore({
    ...shared,
    openClaims: async (settings) =>
      client ? openClaims(client, settings, '`client`') : openClaims(await loadClient(String(url)), settings, '`url`'),
  })
}

/** @param option - of createRedisStore(), for the message of an error */
async function openClaims(client: object, settings: ClaimsSettings, option: string): Promise<SharedClaims> {
  const { prefix, connectTimeoutMs, wake, warn } = settings
  // All keys are on one node of a Redis Cluster, as those of the adapter.
  const begin = `{${prefix}}:`
  const channel = `${begin}claims`
  const secrets = secretsOf((client as { options?: unknown }).options)
  const kept = new KeptLink({
    connectTimeoutMs,
    create: () =>
      new RedisLink({
        client,
        connectTimeoutMs,
        key: channel,
        // A channel of its own, for its heartbeat.
        channel: `${begin}store:${randomUUID()}`,
        channelOfAll: channel,
        isReading: false,
        receive: wake,
      }),
    // What was told meanwhile was missed.
    prepare: async () => wake,
    onLost: (error) => warn('the idempotency store has lost Redis', toFailure(error, secrets)),
  })
  await kept
    .open(() => false)
    .catch((error) => {
      throw new FST_NSP_STORE_UNREACHABLE('Redis', toFailure(error, secrets).message, `${option} of createRedisStore()`)
    })

  async function run(script: string, id: string, ...values: (string | number)[]): Promise<unknown> {
    const link = kept.current
    if (!link) throw new Error('Redis is not connected')
    return await link.send(['EVAL', script, '1', `${begin}claim:${id}`, ...values.map(String)]).catch((error) => {
      throw toFailure(error, secrets)
    })
  }

  const isDone = async (reply: Promise<unknown>) => Number(await reply) === 1

  return {
    async claim(id, token, { fingerprint, leaseMs, ttlMs }) {
      const reply = (await run(CLAIM, id, token, fingerprint, leaseMs, ttlMs)) as [string, string]
      return attemptOf(reply)
    },
    renew: (id, token) => isDone(run(RENEW_CLAIM, id, token)),
    settle: (id, token, ack) => isDone(run(SETTLE, id, token, ack, channel, id)),
    release: (id, token) => run(RELEASE, id, token, channel, id),
    close: () => kept.close(async () => {}),
  }
}

function attemptOf([kind, value]: [kind: string, value: string]): ClaimAttempt {
  switch (kind) {
    case 'token':
      return { token: value }
    case 'ack':
      return { ack: value }
    case 'wait':
      // The key is gone a moment after its last millisecond.
      return { waitMs: Number(value) + 1 }
    default:
      return 'mismatch'
  }
}
