import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { cpuOf } from './process-cpu.js'
import type { Broker } from './redis.js'

/*
 * A PostgreSQL server on a Unix socket, without a port, which can be killed and started again with its data.
 */

const run = promisify(execFile)

export interface PostgresServer extends Broker {
  /** The URL of the database for a role, by default its owner. */
  url(role?: string, password?: string): string
  /** Lets it stand still. */
  pause(): void
  resume(): void
}

/** The folder of `initdb` and `postgres`: in PATH, or where Debian has them. */
export async function findPostgres(): Promise<string | undefined> {
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

/** The URL of the database behind a Unix socket in this folder. */
export const urlOf = (folder: string, role = 'owner', password = ''): string =>
  `postgres://${role}:${password}@${encodeURIComponent(folder)}/postgres`

/**
 * Starts a server whose socket and data are in `folder`. It must own the folder: that of a program that runs as root is given to the
 * user `postgres`.
 *
 * @param settings - such as `fsync=off`
 */
export async function startPostgres(folder: string, settings: readonly string[] = []): Promise<PostgresServer> {
  const programs = await findPostgres()
  if (programs === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const data = join(folder, 'data')
  const owner = await ownerOf(folder)
  // Roles that log in by the socket give a password.
  const hba = 'local all owner trust\nlocal all all scram-sha-256'
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'owner', '-E', 'UTF8', '--no-locale', '-A', 'trust', '-N'], {
    ...owner,
    cwd: folder,
  })
  await run('sh', ['-c', `printf '%s\\n' "$1" > "$2"`, 'sh', hba, join(data, 'pg_hba.conf')], { ...owner, cwd: folder })

  const options = ['-D', data, '-k', folder, ...['listen_addresses=', ...settings].flatMap((each) => ['-c', each])]
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
  return {
    path: join(folder, '.s.PGSQL.5432'),
    url: (role, password) => urlOf(folder, role, password),
    kill: async () => {
      server.kill('SIGKILL')
      await ended
    },
    start,
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    stop: async () => {
      server.kill('SIGCONT')
      server.kill('SIGQUIT')
      await ended
    },
    cpu: () => cpuOf(server.pid as number),
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
