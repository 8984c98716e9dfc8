import { createHash } from 'node:crypto'
import type { PgRow } from './postgres-pool.js'
import { type RetainedNames, retainedDefinitionsOf } from './retained-definitions.js'

/*
 * The names of what the broker keeps in the database, and how its tables are made.
 */

export interface PostgresNames extends RetainedNames {
  /** Identifiers, quoted. */
  readonly heads: string
  readonly entries: string
  readonly messages: string
  readonly sessions: string
  readonly state: string
  /** The number of an advisory lock. */
  readonly lock: string
  /** The name of a channel, not quoted. */
  channel(of: string): string
}

const MISSING_RIGHT = '42501'

/** What PostgreSQL cuts silently from a name, so that two could be one. */
const LONGEST_NAME = 63

/** Names begin with `prefix`; in place of one that would be too long stands its digest. */
export function namesOf(prefix: string): PostgresNames {
  const name = (of: string) => {
    const full = `${prefix}_${of}`
    return Buffer.byteLength(full) <= LONGEST_NAME ? full : digestOf(full).toString('hex').slice(0, LONGEST_NAME)
  }
  return {
    heads: quoted(name('heads')),
    entries: quoted(name('entries')),
    messages: quoted(name('messages')),
    sessions: quoted(name('sessions')),
    state: quoted(name('state')),
    retained: quoted(name('retained')),
    retain: quoted(name('retain')),
    lock: String(digestOf(prefix).readBigInt64BE()),
    channel: name,
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** An identifier as it stands in a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** What creates each table; docs/nodes.md has it for roles that may not. */
function definitionsOf(names: PostgresNames): Map<string, string> {
  return new Map([
    [
      names.heads,
      `CREATE TABLE IF NOT EXISTS ${names.heads} (
      log integer PRIMARY KEY, position bigint NOT NULL) WITH (fillfactor = 50)`,
    ],
    [
      names.entries,
      `CREATE TABLE IF NOT EXISTS ${names.entries} (
      log integer, position bigint, node text NOT NULL, number bigint NOT NULL, body text NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (log, position))`,
    ],
    // Nothing reads a message after a crash.
    [
      names.messages,
      `CREATE UNLOGGED TABLE IF NOT EXISTS ${names.messages} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
    ],
    [
      names.sessions,
      `CREATE TABLE IF NOT EXISTS ${names.sessions} (
      id text PRIMARY KEY, body text NOT NULL, expires timestamptz NOT NULL) WITH (fillfactor = 70)`,
    ],
    [names.state, `CREATE TABLE IF NOT EXISTS ${names.state} (name text PRIMARY KEY, value text NOT NULL)`],
    ...retainedDefinitionsOf(names),
  ])
}

/** Runs a statement on one connection, and resolves to its rows. */
export type RunStatement = (text: string, values?: readonly unknown[]) => Promise<PgRow[]>

/** Prepares the tables of the broker. @throws (rejects) as `prepareTables` */
export function prepareDatabase(run: RunStatement, names: PostgresNames): Promise<void> {
  return prepareTables(run, names.lock, definitionsOf(names), 'docs/nodes.md')
}

/**
 * Checks that the server will do, and makes the tables if there are none. Many nodes may do it at once.
 *
 * @param definitions - the statements that create a table, or a function, by its quoted name
 * @param page - has the statements
 * @throws (rejects) with what is wrong with the server, or which right the role needs
 */
export async function prepareTables(
  run: RunStatement,
  lock: string,
  definitions: ReadonlyMap<string, string>,
  page: string,
): Promise<void> {
  const [server] = await run(
    `SELECT current_setting('server_version_num')::int < 120000 AS "isOld", pg_is_in_recovery() AS "isStandby",
      current_setting('server_encoding') <> 'UTF8' AS "isForeign"`,
  )
  if (server?.isOld) throw new Error('PostgreSQL is older than 12')
  if (server?.isStandby)
    throw new Error('this PostgreSQL server is a standby, which can only be read: connect to the primary')
  if (server?.isForeign) throw new Error('the encoding of the database is not UTF8: create another with ENCODING UTF8')

  const tables = [...definitions.keys()]
  // Not left to IF NOT EXISTS, which asks for the right to create also where it would create nothing.
  const isThere = 'to_regclass(name) IS NOT NULL OR to_regproc(name) IS NOT NULL'
  const found = await run(`SELECT 1 FROM unnest($1::text[]) AS name WHERE ${isThere}`, [tables])
  if (found.length === tables.length) return
  await run('BEGIN')
  try {
    // Two at once would fail with a duplicate key of the catalog.
    await run('SELECT pg_advisory_xact_lock($1::bigint)', [lock])
    for (const text of definitions.values()) await run(text)
    await run('COMMIT')
  } catch (error) {
    if ((error as { code?: string }).code !== MISSING_RIGHT) throw error
    const remedy = `GRANT CREATE ON SCHEMA to it, or create them: ${page} has the statements`
    const problem = new Error(`the role may not create the tables ${tables.join(', ')}: ${remedy}`)
    // By its code it is known that waiting does not mend it.
    throw Object.assign(problem, { code: MISSING_RIGHT })
  }
}
