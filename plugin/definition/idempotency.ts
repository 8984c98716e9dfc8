import type { FastifyInstance } from 'fastify'

/*
 * A client that retries gives at-least-once: the same event may come twice. A key makes it once: the first ack is kept,
 * and given to every later event with that key.
 */

/** How a key is claimed. */
export interface ClaimOptions {
  /** How long the ack is kept, and how long a claim is good that is neither settled nor released. Milliseconds. */
  readonly ttlMs: number
  /** Aborts when nobody waits for the claim any more. A store that heeds it rejects at once. */
  readonly signal?: AbortSignal
}

/** The claim of whoever is to handle the event; or the ack of whoever has. */
export type Claim = { readonly token: string } | { readonly ack: string }

/** Where acks are kept. Three methods, each of which one statement of Redis or PostgreSQL can be. */
export interface IdempotencyStore {
  /**
   * Claims a key. Resolves to a `token` for whoever comes first, and for everybody else to the `ack` that the first one has
   * settled, when it has. Where the first one releases its claim, exactly one of those who wait gets a token.
   */
  claim(key: string, options: ClaimOptions): Promise<Claim>
  /** Keeps the ack under the key that was claimed with this token. Does nothing where that claim is lost. */
  settle(token: string, ack: string): Promise<void>
  /** Gives the claim with this token up, so that the next one may try. Does nothing where that claim is lost. */
  release(token: string): Promise<void>
}

/** `Payload` and `Context`: those of the event that has the key. */
export interface IdempotencyOptions<Payload = unknown, Context = unknown> {
  /**
   * The key of an event, from its checked payload: what the client made up for this one thing it wants, and whose it is.
   * It is kept apart by namespace and event already; `undefined` means that this event has none. It is synchronous.
   */
  key: (this: FastifyInstance, payload: Payload, context: Context) => string | undefined
  /** How long an ack is kept. Milliseconds. Default 600_000. */
  ttlMs?: number
  /** Default: the memory of this process, for 10_000 keys and 16 MB of this event at most. */
  store?: IdempotencyStore
}
