import type { LogEntry, LogPosition } from '../../broker.js'
import { PageSize } from '../../page-size.js'
import type { PostgresConnection } from '../postgres-connection.js'
import type { PostgresNames } from '../postgres-tables.js'
import { changesOf } from '../retained-table.js'
import { createBatches } from '../statement-batch.js'
import { ENTRY_PAYLOAD } from './postgres-notice.js'

/*
 * Appends to a log: one statement, and so one transaction and one lock of the head, for all that wait. Its entries are seen and
 * notified in the order of their positions, because the lock is held until the commit.
 */

/** Entries of one statement; of up to 64 KB each, unless one item is longer. */
const MOST = 32
/** Characters of one statement, unless its first entry is longer. */
const MOST_LENGTH = MOST * 65_536

export function createAppends(
  log: number,
  connection: PostgresConnection,
  names: PostgresNames,
): (entry: LogEntry) => Promise<LogPosition> {
  const textOf = (ordered: string, call: string) => `
    WITH head AS (
      INSERT INTO ${names.heads} AS heads (log, position) VALUES ($1, cardinality($2::text[]))
      ON CONFLICT (log) DO UPDATE SET position = heads.position + excluded.position RETURNING position
    ), added AS (
      INSERT INTO ${names.entries} (log, position, node, number, body)
      SELECT $1, head.position - cardinality($2::text[]) + item.place, item.node, item.number, item.body
      FROM head, unnest($2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS item (node, number, body, place)
      RETURNING position, node, number, body
    )
    SELECT position::text, pg_notify($5, ${ENTRY_PAYLOAD})${call} FROM (SELECT ${ordered} ORDER BY position) AS ordered`
  const text = textOf('* FROM added', '')
  const at = '(added.position - head.position + cardinality($2::text[]))::integer'
  // Behind the lock of the head, which is why it may depend on what the log has before.
  const retainingText = textOf(
    `added.*, ($6::text[])[${at}] AS change FROM added, head`,
    `, CASE WHEN change IS NOT NULL THEN ${names.retain}(concat($1::integer, ' ', node), number, change::json) END`,
  )
  const values = (entries: readonly LogEntry[]) => [
    log,
    entries.map(({ node }) => node),
    entries.map(({ number }) => number),
    entries.map(({ body }) => body),
    names.channel(`log_${log}`),
  ]
  return createBatches(new PageSize(MOST, connection.answerMs), chooseShort, async (entries) => {
    const rows = entries.some(({ retained }) => retained)
      ? await connection.queryPrepared(retainingText, [...values(entries), entries.map(changesOf)])
      : await connection.queryPrepared(text, values(entries))
    return rows.map(({ position }) => String(position))
  })
}

function chooseShort(waiting: readonly LogEntry[], most: number): readonly LogEntry[] {
  let length = 0
  const end = waiting.findIndex(({ body, retained = [] }, at) => {
    length += retained.reduce((sum, { value = '' }) => sum + value.length, body.length)
    return at > 0 && (at === most || length > MOST_LENGTH)
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}
