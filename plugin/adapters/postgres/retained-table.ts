import type { LogEntry, LogPosition, RetainedPart } from '../broker.js'
import type { PostgresConnection } from './postgres-connection.js'
import type { PostgresNames } from './postgres-tables.js'

/*
 * Sets of retained values in PostgreSQL, as the broker changes and reads them: see retained-definitions.ts.
 */

/** What the function is given of an entry; null, if it changes nothing. */
export function changesOf({ retained }: LogEntry): string | null {
  if (!retained) return null
  return JSON.stringify(retained.map(({ ttlMs, ...change }) => ({ ...change, ttl: ttlMs })))
}

/** Reads sets. See `Broker.readRetained`. */
export async function readRetained(
  connection: Pick<PostgresConnection, 'query'>,
  { heads, retained }: PostgresNames,
  log: number,
  sets: readonly string[],
): Promise<RetainedPart> {
  const rows = await connection.query(
    `SELECT coalesce(heads.position, 0)::text AS end, stored.name, stored.key, stored.value
      FROM (SELECT $1::integer AS log) AS asked LEFT JOIN ${heads} AS heads USING (log)
      LEFT JOIN (${retained} AS stored JOIN ${retained} AS kept ON kept.name = stored.name AND kept.key = '' AND kept.expires > now())
      ON stored.name = ANY($2::text[]) AND stored.key <> '' ORDER BY stored.name, stored.place`,
    [log, sets],
  )
  const values = rows.flatMap(({ name, key, value }) =>
    name === null ? [] : { set: String(name), key: String(key), value: String(value) },
  )
  return { end: String(rows[0]?.end) as LogPosition, values }
}
