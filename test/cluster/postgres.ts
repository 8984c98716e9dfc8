import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Test } from 'tap'

/*
 * Starts a PostgreSQL server for one test file, on a Unix socket in a temporary folder: without a port, and without waiting for a disk.
 */

const run = promisify(execFile)

export interface Postgres {
  /** The URL of the database for a role, by default its owner. */
  url(role?: string, password?: string): string
  /** The path of the Unix socket. */
  readonly socket: string
  /** Ends the server without a farewell. */
  kill(): Promise<void>
  /** Lets the server stand still. */
  pause(): void
  resume(): void
  /** Starts it again, with what it had. */
  restart(): Promise<void>
}

/** The folder of `initdb` and `postgres`: in PATH, or where Debian has them. */
async function findPrograms(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ]
  for (const folder of folders) {
    const hasBoth = await Promise.all([access(join(folder, 'initdb')), access(join(folder, 'postgres'))]).then(
      () => true,
      () => false,
    )
    if (hasBoth) return folder
  }
  return undefined
}

/** Whether PostgreSQL is installed. Always true in CI, so that a test without it fails there. */
export async function hasPostgres(): Promise<boolean> {
  return (await findPrograms()) !== undefined || process.env.CI !== undefined
}

/** Starts PostgreSQL. It is stopped when the test ends. */
export async function startPostgres(t: Test): Promise<Postgres> {
  const programs = await findPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-postgres-'))
  const data = join(folder, 'data')
  const owner = await ownerOf(folder)
  // Roles that log in by the socket give a password.
  const hba = 'local all owner trust\nlocal all all scram-sha-256'
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'owner', '-E', 'UTF8', '--no-locale', '-A', 'trust', '-N'], {
    ...owner,
    cwd: folder,
  })
  await run('sh', ['-c', `printf '%s\\n' "$1" > "$2"`, 'sh', hba, join(data, 'pg_hba.conf')], { ...owner, cwd: folder })

  const options = ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'full_page_writes=off']
  // Small, because many tests run at once.
  options.push('-c', 'shared_buffers=16MB', '-c', 'max_connections=60', '-c', 'autovacuum=off', '-c', 'jit=off')
  let server: ChildProcess
  let ended: Promise<unknown>
  const start = async (): Promise<void> => {
    server = spawn(join(programs, 'postgres'), options, { ...owner, cwd: folder, stdio: 'ignore' })
    ended = once(server, 'exit')
    const hasEnded = await Promise.race([answering(folder), ended])
    // As long as processes of one that was killed still end, another one refuses to start.
    if (hasEnded) await start()
  }
  await start()
  t.teardown(async () => {
    server.kill('SIGCONT')
    server.kill('SIGQUIT')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  return {
    socket: join(folder, '.s.PGSQL.5432'),
    url: (role = 'owner', password = '') => `postgres://${role}:${password}@${encodeURIComponent(folder)}/postgres`,
    kill: async () => {
      server.kill('SIGKILL')
      await ended
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    restart: start,
  }
}

/** PostgreSQL refuses root: then it runs as the user `postgres`, which its package has made. */
async function ownerOf(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (option) => Number((await run('id', [option, 'postgres'])).stdout)),
  )
  await chown(folder, uid as number, gid as number)
  return { uid: uid as number, gid: gid as number }
}

async function answering(host: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ host, user: 'owner', database: 'postgres' })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch {
      // PostgreSQL does not listen, or has not recovered yet.
      await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      await client.end()
    }
  }
}
