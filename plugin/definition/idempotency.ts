import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

/*
 * The types of idempotency. A client that retries may send an event twice. With a key, the first ack is kept and answers
 * every later event with that key.
 */

/** The options of `IdempotencyStore.claim()`. */
export interface ClaimOptions {
  /** Milliseconds for which a claim is valid. `renew()` begins them again. */
  readonly leaseMs: number
  /** Milliseconds for which the ack is kept, from `settle()` on. */
  readonly ttlMs: number
  /** Identifies the payload: 43 characters. Another one under the same key is a mismatch. */
  readonly fingerprint: string
  /** Aborts when no event waits for the claim any more. The store should then reject at once. */
  readonly signal?: AbortSignal
}

/**
 * A `token` for the event whose handler runs; the `ack` of the event whose handler ran before; or `'mismatch'` if that event had
 * another payload.
 */
export type Claim = { readonly token: string } | { readonly ack: string } | 'mismatch'

/** The result of a statement: the part of a result of `pg` that is always there. */
export interface SqlResult<Row> {
  readonly rows: Row[]
  /** The number of rows that the statement has written or returned. */
  readonly rowCount: number | null
}

/** A statement with its values; with a `name`, it is prepared once for each connection. */
export interface SqlStatement {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly name?: string
}

/**
 * A connection inside the transaction of one event. It is committed when the handler has returned, and must not be ended by the handler.
 *
 * @example
 * await sql.query('INSERT INTO orders (id, item) VALUES ($1, $2)', [order.id, order.item])
 */
export interface SqlClient {
  /**
   * Runs a statement. Await it before the handler returns.
   *
   * @throws (rejects) the error of the database; FST_NSP_TRANSACTION_INVALID for a statement that begins or ends a transaction, and after
   * the transaction has ended. Savepoints are allowed.
   */
  query<Row = Record<string, unknown>>(
    statement: string | SqlStatement,
    values?: readonly unknown[],
  ): Promise<SqlResult<Row>>
}

/** The options of `IdempotencyStore.begin()`. Milliseconds. */
export interface BeginOptions {
  /** The transaction ends if nothing comes from its process for so long: its claim is lost then. */
  readonly leaseMs: number
  /** How long one statement may take; 0 for no limit. */
  readonly statementMs: number
}

/** The transaction of one claim. It holds a connection, until it is committed or rolled back. */
export interface ClaimTransaction {
  /** The handler's connection. */
  readonly sql: SqlClient
  /**
   * Keeps the ack of the claim, and commits it together with what the handler has written. No statement of the handler runs after this call.
   *
   * @param ack - as that of `settle()`
   * @throws (rejects) if neither is kept; with the code `FST_NSP_CLAIM_LOST` if the claim is lost
   */
  commit(ack: string): Promise<void>
  /** Undoes what the handler has written; after `commit()` was called it does nothing. May be called again. Never rejects. */
  rollback(): Promise<void>
}

/**
 * A store of acks. `createMemoryStore()` is the default; `fastify-namespaces/stores` has stores over Redis and PostgreSQL. A claim has a
 * lease: if its process dies, the key is free again after `leaseMs`. The plugin renews the leases of the handlers that run.
 */
export interface IdempotencyStore {
  /** The longest ack in bytes. In place of a longer one, the error `FST_NSP_ACK_TOO_LARGE` is kept. Default: no limit. */
  readonly maxAckBytes?: number
  /**
   * Claims a key. If `claim()` rejects, the event is answered with `FST_NSP_INTERNAL`, and its handler is not called.
   *
   * @param key - the JSON of the namespace's address, the event's name, the value of `IdempotencyOptions.key`, and the user's id if the
   * socket has a user
   * @returns a `token` for the first caller; for every other caller the `ack`, when the first caller has settled it. If the first
   * caller releases its claim, or loses its lease, exactly one of the waiting callers receives a token. `'mismatch'` for another
   * fingerprint than that of the first caller.
   */
  claim(key: string, options: ClaimOptions): Promise<Claim>
  /**
   * Begins the lease of a claim again.
   *
   * @param token - the token of the claim
   * @throws (rejects) an error with the code `FST_NSP_CLAIM_LOST` if the claim is lost
   */
  renew(token: string): Promise<void>
  /**
   * Keeps the ack of a claim for its `ttlMs`. The event is answered when it resolves.
   *
   * @param token - the token of the claim
   * @param ack - a text of JSON, which `claim()` must give back unchanged
   * @throws (rejects) an error with the code `FST_NSP_CLAIM_LOST` if the claim is lost: its lease has ended, and another caller may
   * have claimed the key
   */
  settle(token: string, ack: string): Promise<void>
  /**
   * Gives up a claim, so that the next caller may claim the key. Does nothing if the claim is lost. A rejection is logged.
   *
   * @param token - the token of the claim
   */
  release(token: string): Promise<void>
  /**
   * Begins the transaction of a claim, for events with `transaction: true`. A store without this method can't have such events.
   *
   * @param token - the token of the claim
   * @throws (rejects) if there is no connection in time: the event is answered with `FST_NSP_INTERNAL`, and its handler is not called
   */
  begin?(token: string, options: BeginOptions): Promise<ClaimTransaction>
  /**
   * Connects. Called once by each application that uses the store, when it boots. A rejection fails the boot.
   *
   * @param log - the log of the application
   */
  open?(log: FastifyBaseLogger): Promise<void>
  /** Called once by each application that has called `open()`, when it has closed. */
  close?(): Promise<void>
}

/**
 * Runs the handler once for all events of a user with the same key.
 *
 * @example
 * idempotency: { key: (order) => order.key, ttlMs: 600_000 }
 */
export interface IdempotencyOptions<Payload = unknown, Context = unknown, Transaction = boolean> {
  /**
   * The key of an event. Keys are separate for each namespace, event and user; sockets without a user share theirs.
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
   * Milliseconds after which the key of a process that has died is free again. While a handler runs, its lease is renewed three times in
   * this time.
   * @defaultValue 10_000
   */
  leaseMs?: number
  /**
   * The store of the acks.
   * @defaultValue the memory of this process: 10_000 keys and 16_000_000 bytes for this event
   */
  store?: IdempotencyStore
  /**
   * Whether the handler has a transaction of the store: what it writes by `context.sql` and its ack are kept together, or neither is. With
   * a store that can begin one: `createPostgresStore()`.
   * @defaultValue `false`
   */
  transaction?: Transaction
}

/** What the context of a handler has in addition, with `transaction: true`. */
export interface TransactionContext {
  /** The connection of the event's transaction: what it writes is kept together with the ack, or not at all. */
  readonly sql: SqlClient
}

/** Not of `boolean`, nor of any. */
export type SqlOf<Transaction> = boolean extends Transaction
  ? unknown
  : true extends Transaction
    ? TransactionContext
    : unknown
