import { randomBytes } from 'node:crypto'
import type { PostgresConnection } from './postgres-connection.js'
import type { PostgresNames } from './postgres-tables.js'

/*
 * The identity of the stored data: a row of the state.
 */

type StateNames = Pick<PostgresNames, 'state'>

/** Reads it; data without one get one. */
export async function readEpoch(connection: PostgresConnection, { state }: StateNames): Promise<string> {
  await connection.query(`INSERT INTO ${state} (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING`, [
    newEpoch(),
  ])
  const [row] = await connection.query(`SELECT value FROM ${state} WHERE name = 'epoch'`, [])
  return String(row?.value)
}

/** See `Broker.renewEpoch`. */
export async function renewEpoch(connection: PostgresConnection, names: StateNames, old: string): Promise<string> {
  const text = `UPDATE ${names.state} SET value = $1 WHERE name = 'epoch' AND value = $2`
  await connection.query(text, [newEpoch(), old])
  return await readEpoch(connection, names)
}

function newEpoch(): string {
  return randomBytes(8).toString('hex')
}
