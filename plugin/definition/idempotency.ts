import type { FastifyInstance } from 'fastify'

/*
 * The types of idempotency. A client that retries may send an event twice. With a key, the first ack is kept and answers
 * every later event with that key.
 */

/** The options of `IdempotencyStore.claim()`. */
export interface ClaimOptions {
  /** Milliseconds for which the ack is kept, and for which a claim is valid that is neither settled nor released. */
  readonly ttlMs: number
  /** Aborts when no event waits for the claim any more. The store should then reject at once. */
  readonly signal?: AbortSignal
}

/** A `token` for the event whose handler runs, or the `ack` of the event whose handler ran before. */
export type Claim = { readonly token: string } | { readonly ack: string }

/**
 * A store of acks, for several nodes or to keep acks over a restart. Each method can be one statement of Redis or PostgreSQL.
 * `createMemoryStore()` is the default.
 */
export interface IdempotencyStore {
  /**
   * Claims a key. If `claim()` rejects, the event is answered with `FST_NSP_INTERNAL`, and its handler is not called.
   *
   * @param key - the JSON of the namespace's address, the event's name and the value of `IdempotencyOptions.key`
   * @returns a `token` for the first caller; for every other caller the `ack`, when the first caller has settled it. If the first
   * caller releases its claim, exactly one of the waiting callers receives a token.
   */
  claim(key: string, options: ClaimOptions): Promise<Claim>
  /**
   * Keeps the ack of a claim for `ttlMs`. Does nothing if the claim is lost. A rejection is logged.
   *
   * @param token - the token of the claim
   * @param ack - a string, which `claim()` must give back unchanged
   */
  settle(token: string, ack: string): Promise<void>
  /**
   * Gives up a claim, so that the next caller may claim the key. Does nothing if the claim is lost. A rejection is logged.
   *
   * @param token - the token of the claim
   */
  release(token: string): Promise<void>
}

/**
 * Runs the handler once for all events with the same key.
 *
 * @example
 * idempotency: { key: (order, { request }) => `${request.user.id} ${order.key}`, ttlMs: 600_000 }
 */
export interface IdempotencyOptions<Payload = unknown, Context = unknown> {
  /**
   * The key of an event. Put the user into it: keys are separate for each namespace and event, and not for each user.
   * Synchronous. A 4xx that it throws refuses the event.
   *
   * @param payload - the payload, after its check
   * @param context - the context of the handler
   * @returns the key, or `undefined` for an event without a key
   */
  key: (this: FastifyInstance, payload: Payload, context: Context) => string | undefined
  /**
   * Milliseconds for which an ack is kept.
   * @defaultValue 600_000
   */
  ttlMs?: number
  /**
   * The store of the acks.
   * @defaultValue the memory of this process: 10_000 keys and 16_000_000 bytes for this event
   */
  store?: IdempotencyStore
}
