import type { PostgresConnection } from './postgres-connection.js'
import type { PostgresNames } from './postgres-tables.js'

/*
 * Deletes what is older than its window, in bites. Of all nodes one does it each time: who has the turn is written in the database.
 */

/** Rows that one statement deletes, of each log. */
const BITE = 1_000
/** How long a message that was too long for a notification is kept. */
const MESSAGE_MS = 60_000

export interface Cleaning {
  /** How long an entry is kept, in milliseconds. */
  readonly windowMs: number
  /** How often something is deleted, in milliseconds. */
  readonly everyMs: number
}

type CleanedConnection = Pick<PostgresConnection, 'isConnected' | 'query'>

/** Begins to delete. @returns a function that ends it */
export function startCleaning(connection: CleanedConnection, names: PostgresNames, cleaning: Cleaning): () => void {
  // A loss of the connection is noticed and told elsewhere.
  const timer = setInterval(() => {
    if (connection.isConnected) clean(connection, names, cleaning).catch(() => {})
  }, cleaning.everyMs)
  return () => clearInterval(timer)
}

async function clean(
  connection: CleanedConnection,
  names: PostgresNames,
  { windowMs, everyMs }: Cleaning,
): Promise<void> {
  const turn = await connection.query(
    `INSERT INTO ${names.state} AS state (name, value) VALUES ('cleaned', extract(epoch FROM now())::text)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value
      WHERE excluded.value::float8 - state.value::float8 > $1 OR excluded.value::float8 < state.value::float8 RETURNING 1`,
    [everyMs / 2_000],
  )
  if (turn.length === 0) return
  // From the start of each log, without a hole; never the newest of what is older. So a node that was away for less than the window
  // finds the last entry that it has read, which tells it whether it is the same log.
  const entries = `
    WITH expired AS (
      SELECT heads.log, (
        SELECT max(position) FROM (
          SELECT position, at FROM ${names.entries} AS entries WHERE entries.log = heads.log ORDER BY position LIMIT ${BITE + 1}
        ) AS oldest WHERE at < now() - $1 * interval '1 ms') AS newest
      FROM ${names.heads} AS heads
    )
    DELETE FROM ${names.entries} AS entries USING expired
    WHERE entries.log = expired.log AND entries.position < expired.newest RETURNING 1`
  const sessions = `
    DELETE FROM ${names.sessions} WHERE id IN (
      SELECT id FROM ${names.sessions} WHERE expires < now() ORDER BY id LIMIT ${BITE} FOR UPDATE SKIP LOCKED) RETURNING 1`
  const messages = `
    DELETE FROM ${names.messages} WHERE id IN (
      SELECT id FROM ${names.messages} WHERE at < now() - $1 * interval '1 ms' LIMIT ${BITE}) RETURNING 1`
  // Whoever changes a set locks its row first: so nothing of a set is deleted that is begun anew.
  const retained = `
    WITH expired AS (
      SELECT name, key FROM ${names.retained} WHERE expires < now() ORDER BY name, key LIMIT ${BITE} FOR UPDATE SKIP LOCKED)
    DELETE FROM ${names.retained} AS stored USING expired
    WHERE stored.name = expired.name AND expired.key IN ('', stored.key) RETURNING 1`
  for (const [text, values] of [
    [entries, [windowMs]],
    [sessions, []],
    [messages, [MESSAGE_MS]],
    [retained, []],
  ] as const) {
    while ((await connection.query(text, values)).length >= BITE);
  }
}
