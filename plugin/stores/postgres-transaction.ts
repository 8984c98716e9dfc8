import { ignoreError, type PgClient } from '../adapters/postgres/postgres-pool.js'
import { statementNameOf } from '../adapters/postgres/statement-name.js'
import type { BeginOptions, ClaimTransaction } from '../definition/idempotency.js'
import { FST_NSP_CLAIM_LOST, FST_NSP_TRANSACTION_INVALID } from '../shared/errors/idempotency-errors.js'

/*
 * The transaction of a claim: what a handler writes, and its ack. The row of the claim is written last, by its token, so a claim that is
 * lost undoes it all.
 */

/** A setting of the transaction, which goes with it: so a handler that has ended the transaction is found out. */
const SETTING = 'fastify_namespaces.claim'
const ENDS =
  /^\s*(begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!(\s+(work|transaction))?\s+to\b))\b/i
/** Of a transaction in which a statement has failed. */
const FAILED = '25P02'

const HAS_ENDED = 'has ended: await each statement, and send none after the handler has returned, or after its timeout'
const IS_OURS = 'is begun and ended by the plugin: send no BEGIN, COMMIT or ROLLBACK. A savepoint may be rolled back'
const WAS_ENDED = 'was ended by a statement of its handler: what the handler has written may be kept, without its ack'
const HAS_FAILED = 'is rolled back: one of its statements has failed, and the handler has returned all the same'

export interface TransactionSettings extends BeginOptions {
  readonly id: string
  readonly token: string
  readonly table: string
  readonly channel: string
  /** Milliseconds for the answer to a statement of the plugin. */
  readonly answerMs: number
  /** Looks whether an ack is kept, when no transaction has the claim any more. */
  isKept(): Promise<boolean>
  /** Called once, when the connection is given back. */
  ended(transaction: PostgresTransaction): void
}

export class PostgresTransaction implements ClaimTransaction {
  readonly sql: ClaimTransaction['sql'] = { query: (...given) => this.#query(...given) }
  readonly #client: PgClient
  readonly #settings: TransactionSettings
  #isOpen = true
  #isGivenBack = false
  #undone: Promise<void> | undefined

  private constructor(client: PgClient, settings: TransactionSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** @throws (rejects) if the connection is lost; it is given back then */
  static async begin(client: PgClient, settings: TransactionSettings): Promise<PostgresTransaction> {
    const { leaseMs, statementMs, token } = settings
    const transaction = new PostgresTransaction(client, settings)
    const limits = [
      `SET LOCAL idle_in_transaction_session_timeout = ${leaseMs}`,
      ...(statementMs > 0 ? [`SET LOCAL statement_timeout = ${statementMs}`] : []),
    ]
    // One message. A token has no quote.
    const text = ['BEGIN', ...limits, `SET LOCAL ${SETTING} = '${token}'`].join('; ')
    await transaction.#run(text).catch((error) => {
      transaction.abandon()
      throw error
    })
    return transaction
  }

  async commit(ack: string): Promise<void> {
    if (!this.#isOpen) throw new FST_NSP_TRANSACTION_INVALID(HAS_ENDED)
    this.#isOpen = false
    await this.#settle(ack).catch(async (error) => {
      await this.#undo()
      throw Object(error).code === FAILED ? new FST_NSP_TRANSACTION_INVALID(HAS_FAILED) : error
    })
    try {
      await this.#run('COMMIT')
    } catch (error) {
      // Whether it has committed is written in the row, which stays locked until that is certain.
      this.abandon()
      if (!(await this.#settings.isKept())) throw error
    }
    this.#giveBack(false)
  }

  rollback(): Promise<void> {
    if (!this.#isOpen) return this.#undone ?? Promise.resolve()
    this.#isOpen = false
    this.#undone = this.#undo()
    return this.#undone
  }

  /** Ends the connection: PostgreSQL rolls back. */
  abandon(): void {
    this.#isOpen = false
    this.#giveBack(true)
  }

  /** Statements that are not awaited run before it: a connection runs one after another. */
  async #settle(ack: string): Promise<void> {
    const { id, token, table, channel } = this.#settings
    const [row] = await this.#run(
      `WITH settled AS (
        UPDATE ${table} SET ack = $3, expires = now() + ttl_ms * interval '1 ms'
        WHERE id = $1 AND token = $2 AND ack IS NULL AND current_setting('${SETTING}', true) = $2 RETURNING is_awaited
      )
      SELECT current_setting('${SETTING}', true) = $2 AS is_inside, EXISTS (SELECT 1 FROM settled) AS is_settled,
        (SELECT CASE WHEN is_awaited THEN pg_notify($4, $1)::text END FROM settled)`,
      [id, token, ack, channel],
    )
    if (row?.is_inside !== true) throw new FST_NSP_TRANSACTION_INVALID(WAS_ENDED)
    if (row.is_settled !== true) throw new FST_NSP_CLAIM_LOST()
  }

  #undo(): Promise<void> {
    return this.#run('ROLLBACK').then(
      () => this.#giveBack(false),
      () => this.#giveBack(true),
    )
  }

  #giveBack(destroy: boolean): void {
    if (this.#isGivenBack) return
    this.#isGivenBack = true
    this.#client.off('error', ignoreError)
    this.#client.release(destroy)
    this.#settings.ended(this)
  }

  async #run(text: string, values?: readonly unknown[]) {
    const named = values && { name: statementNameOf(text), values }
    return (await this.#client.query({ text, ...named, query_timeout: this.#settings.answerMs })).rows
  }

  #query(...given: Parameters<ClaimTransaction['sql']['query']>): Promise<never> {
    const [statement] = given
    const text = typeof statement === 'string' ? statement : statement.text
    const problem = this.#isOpen ? ENDS.test(text) && IS_OURS : HAS_ENDED
    if (problem) return Promise.reject(new FST_NSP_TRANSACTION_INVALID(problem))
    const query = this.#client.query as (...given: unknown[]) => Promise<never>
    return query.apply(this.#client, given)
  }
}
