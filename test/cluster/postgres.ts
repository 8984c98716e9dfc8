import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { findPostgres, type PostgresServer, startPostgres as startServer } from '../../bench/chaos/postgres.js'

/*
 * Starts a PostgreSQL server for one test file, on a Unix socket in a temporary folder: without a port, and without waiting for a disk.
 */

export interface Postgres extends Omit<PostgresServer, 'path' | 'start' | 'stop' | 'cpu'> {
  /** The path of the Unix socket. */
  readonly socket: string
  /** Starts it again, with what it had. */
  restart(): Promise<void>
}

/** Small, because many tests run at once. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'shared_buffers=16MB',
  'max_connections=60',
  'autovacuum=off',
  'jit=off',
]

/** Whether PostgreSQL is installed. Always true in CI, so that a test without it fails there. */
export async function hasPostgres(): Promise<boolean> {
  return (await findPostgres()) !== undefined || process.env.CI !== undefined
}

/** Starts PostgreSQL. It is stopped when the test ends. */
export async function startPostgres(t: Test): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-postgres-'))
  const { path, start, ...server } = await startServer(folder, SETTINGS)
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return { ...server, socket: path, restart: start }
}
