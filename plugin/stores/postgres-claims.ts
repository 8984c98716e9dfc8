import { isChanged } from '../adapters/permanent-failure.js'
import type { PostgresConnection } from '../adapters/postgres/postgres-connection.js'
import type { PgRow } from '../adapters/postgres/postgres-pool.js'
import { type PostgresNames, quoted } from '../adapters/postgres/postgres-tables.js'
import type { BeginOptions } from '../definition/idempotency.js'
import type { ClaimAttempt, SharedClaims } from './leased-store.js'
import { PostgresTransaction } from './postgres-transaction.js'

/*
 * Claims as rows of one table: one statement for each method. The end of a claim is told by a notification, if somebody waits for it:
 * notifications of one database are written one after another.
 */

/** Rows that one statement deletes. */
const BITE = 1_000

/** The table and the channel of a store. */
export interface ClaimNames {
  /** Quoted. */
  readonly table: string
  /** Not quoted. */
  readonly channel: string
  /** What creates the table and its index, by quoted names. */
  readonly definitions: ReadonlyMap<string, string>
}

export function claimNamesOf(names: PostgresNames): ClaimNames {
  const [table, index] = ['claims', 'claims_expires'].map((of) => quoted(names.channel(of))) as [string, string]
  return {
    table,
    channel: names.channel('claims'),
    definitions: new Map([
      [
        table,
        `CREATE TABLE IF NOT EXISTS ${table} (
      id text PRIMARY KEY, token text NOT NULL, fingerprint text NOT NULL, lease_ms bigint NOT NULL, ttl_ms bigint NOT NULL,
      is_awaited boolean NOT NULL DEFAULT false, ack text, expires timestamptz NOT NULL)`,
      ],
      // Without it each deletion would read the whole table.
      [index, `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (expires)`],
    ]),
  }
}

type ClaimConnection = Pick<PostgresConnection, 'answerMs' | 'queryPrepared' | 'listen' | 'take' | 'drop' | 'close'>

export class PostgresClaims implements SharedClaims {
  readonly #connection: ClaimConnection
  readonly #names: ClaimNames
  readonly #statements: ReturnType<typeof statementsOf>
  readonly #transactions = new Set<PostgresTransaction>()
  #timer: NodeJS.Timeout | undefined

  constructor(connection: ClaimConnection, names: ClaimNames) {
    this.#connection = connection
    this.#names = names
    this.#statements = statementsOf(names.table)
  }

  async claim(
    id: string,
    token: string,
    { fingerprint, leaseMs, ttlMs }: { fingerprint: string; leaseMs: number; ttlMs: number },
  ): Promise<ClaimAttempt> {
    const [row] = await this.#run('claim', id, token, fingerprint, leaseMs, ttlMs)
    // The row has changed while it was read: ask again.
    if (!row) return { waitMs: 0 }
    if (row.kind === 'token') return { token }
    if (row.kind === 'ack') return { ack: String(row.ack) }
    return row.kind === 'wait' ? { waitMs: Math.max(1, Math.ceil(Number(row.rest))) } : 'mismatch'
  }

  async renew(id: string, token: string): Promise<boolean> {
    // Not on a connection of the pool: transactions may hold them all.
    const renewed = this.#connection.listen(this.#statements.renew, [id, token]).catch((error) => {
      // The next connection makes the table again.
      if (isChanged(error)) this.#connection.drop(error)
      throw error
    })
    return (await renewed).length > 0
  }

  async settle(id: string, token: string, ack: string): Promise<boolean> {
    return (await this.#run('settle', id, token, ack, this.#names.channel)).length > 0
  }

  async release(id: string, token: string): Promise<void> {
    await this.#run('release', id, token, this.#names.channel)
  }

  /** @throws (rejects) if no connection is free in time */
  async begin(
    id: string,
    token: string,
    options: BeginOptions,
    isKept: () => Promise<boolean>,
  ): Promise<PostgresTransaction> {
    const client = await this.#connection.take()
    const transaction = await PostgresTransaction.begin(client, {
      ...options,
      ...this.#names,
      id,
      token,
      answerMs: this.#connection.answerMs,
      isKept,
      ended: (ended) => this.#transactions.delete(ended),
    })
    this.#transactions.add(transaction)
    return transaction
  }

  /** Whether an ack was kept. Waits for the transaction that may still keep it. */
  async isKept(id: string, token: string): Promise<boolean> {
    const [row] = await this.#run('look', id, token)
    return row?.is_kept === true
  }

  /** From now on deletes what has expired, in bites. A loss of the connection is told elsewhere. */
  startCleaning(everyMs: number): void {
    this.#timer = setInterval(() => this.#clean().catch(() => {}), everyMs).unref()
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    for (const transaction of this.#transactions) transaction.abandon()
    return this.#connection.close()
  }

  async #clean(): Promise<void> {
    while ((await this.#run('clean')).length >= BITE);
  }

  #run(name: keyof ReturnType<typeof statementsOf>, ...values: (string | number)[]): Promise<PgRow[]> {
    return this.#connection.queryPrepared(this.#statements[name], values)
  }
}

function statementsOf(table: string) {
  const lease = (milliseconds: string) => `now() + ${milliseconds} * interval '1 ms'`
  return {
    // $1 id, $2 token, $3 fingerprint, $4 leaseMs, $5 ttlMs. The same token again: its answer was not heard.
    claim: `
      WITH mine AS (
        INSERT INTO ${table} AS held (id, token, fingerprint, lease_ms, ttl_ms, expires)
        VALUES ($1, $2, $3, $4::bigint, $5::bigint, ${lease('$4::bigint')})
        ON CONFLICT (id) DO UPDATE SET token = excluded.token, fingerprint = excluded.fingerprint, lease_ms = excluded.lease_ms,
          ttl_ms = excluded.ttl_ms, ack = NULL, expires = excluded.expires
        WHERE held.expires <= now() OR (held.token = excluded.token AND held.ack IS NULL)
        RETURNING id
      ), awaited AS (
        UPDATE ${table} SET is_awaited = true
        WHERE id = $1 AND fingerprint = $3 AND ack IS NULL AND expires > now() AND NOT EXISTS (SELECT 1 FROM mine)
        RETURNING expires
      )
      SELECT 'token' AS kind, NULL AS ack, NULL AS rest FROM mine
      UNION ALL SELECT 'wait', NULL, extract(epoch FROM expires - now()) * 1000 FROM awaited
      UNION ALL SELECT CASE WHEN fingerprint = $3 THEN 'ack' ELSE 'mismatch' END, ack, NULL FROM ${table}
        WHERE id = $1 AND expires > now() AND (fingerprint <> $3 OR ack IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM mine)`,
    renew: `
      UPDATE ${table} SET expires = ${lease('lease_ms')} WHERE id = $1 AND token = $2 AND ack IS NULL RETURNING 1`,
    // $3 ack, $4 channel. The same ack again: its answer was not heard.
    settle: `
      WITH settled AS (
        UPDATE ${table} SET ack = $3, expires = ${lease('ttl_ms')}
        WHERE id = $1 AND token = $2 AND (ack IS NULL OR ack = $3) RETURNING is_awaited
      )
      SELECT CASE WHEN is_awaited THEN pg_notify($4, $1)::text END FROM settled`,
    // $3 channel.
    release: `
      WITH released AS (DELETE FROM ${table} WHERE id = $1 AND token = $2 AND ack IS NULL RETURNING is_awaited)
      SELECT CASE WHEN is_awaited THEN pg_notify($3, $1)::text END FROM released`,
    look: `SELECT ack IS NOT NULL AS is_kept FROM ${table} WHERE id = $1 AND token = $2 FOR UPDATE`,
    clean: `
      DELETE FROM ${table} WHERE id IN (
        SELECT id FROM ${table} WHERE expires <= now() LIMIT ${BITE} FOR UPDATE SKIP LOCKED) RETURNING 1`,
  }
}
