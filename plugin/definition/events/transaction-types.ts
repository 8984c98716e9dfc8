/*
 * The types of the transaction in which an event is handled.
 */

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

/** What the context of a handler has in addition, with `transaction: true`. */
export interface TransactionContext {
  /** The connection of the event's transaction: what it writes is kept together with the ack, or not at all. */
  readonly sql: SqlClient
}

/** The part of an event from which its transaction is inferred. */
export interface TransactionOption<Transaction> {
  idempotency?: { transaction?: Transaction }
}

/** Not of `boolean`, nor of any. */
export type SqlOf<Transaction> = boolean extends Transaction
  ? unknown
  : true extends Transaction
    ? TransactionContext
    : unknown
