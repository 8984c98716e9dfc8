import type { Broker, LogPart, PlacedEntry } from '../../broker.js'
import { PageSize } from '../../page-size.js'
import type { PostgresConnection } from '../postgres-connection.js'
import type { PgRow } from '../postgres-pool.js'
import type { PostgresNames } from '../postgres-tables.js'

/*
 * Reading a part of a log. The positions of a log are 1, 2, 3 …: whoever appends holds the lock of its head until the commit. So a
 * part that does not begin with the next position has lost entries.
 */

export interface NumberedPart extends LogPart {
  /** The position of the newest entry; 0: nothing was ever appended. */
  readonly head: number
}

/** Entries that one statement reads. */
export const MOST_ENTRIES = 100

/** Reads up to `limit` entries after a position. */
export async function readPart(
  connection: PostgresConnection,
  names: PostgresNames,
  log: number,
  after: number,
  limit: number,
): Promise<NumberedPart> {
  const rows = await connection.queryPrepared(
    `SELECT heads.position::text AS head, entry.position::text, entry.node, entry.number::text, entry.body
      FROM ${names.heads} AS heads LEFT JOIN LATERAL (
        SELECT * FROM ${names.entries} AS entries WHERE entries.log = heads.log AND entries.position > $2
        ORDER BY entries.position LIMIT $3
      ) AS entry ON true WHERE heads.log = $1 ORDER BY entry.position`,
    [log, after, limit],
  )
  const head = Number(rows[0]?.head ?? 0)
  const entries = rows.filter(({ position }) => position !== null).map(entryOf)
  const first = Number(entries[0]?.position ?? after + 1)
  return { entries, head, hasGap: after > head || first > after + 1 || (entries.length === 0 && head > after) }
}

/** Returns what reads any log for those who come back: see Broker. */
export function createReading(connection: PostgresConnection, names: PostgresNames): Broker['read'] {
  const page = new PageSize(MOST_ENTRIES, connection.answerMs)
  return async (log, after, limit) => {
    // A position of another kind of broker was never in this log.
    if (!/^\d{1,15}$/.test(after)) return { entries: [], hasGap: true }
    return await page.measure(
      (size) => readPart(connection, names, log, Number(after), Math.min(limit, size)),
      ({ entries }) => entries.length,
    )
  }
}

/** An entry of a row, whose numbers were cast to text: what `pg` makes of a bigint is up to the application. */
export function entryOf({ position, node, number, body }: PgRow): PlacedEntry {
  return { position: String(position), node: String(node), number: Number(number), body: String(body) }
}
