import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/*
 * Starts a Redis server for one test, on a Unix socket in a temporary folder: without a port, and without persistence.
 */

/** Whether `redis-server` is installed. Always true in CI, so that a test without it fails there. */
export async function hasRedis(): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(':')
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, 'redis-server')).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true) || process.env.CI !== undefined
}

/** Starts Redis and returns the path of its socket. It is stopped when the test ends. */
export async function startRedis(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-redis-'))
  const path = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder]
  const server: ChildProcess = spawn('redis-server', options, { stdio: 'ignore' })
  const ended = once(server, 'exit')
  t.teardown(async () => {
    server.kill()
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const failed = ended.then(([code]) => Promise.reject(new Error(`redis-server has ended with ${code}`)))
  failed.catch(() => {})
  await Promise.race([listening(path), failed])
  return path
}

async function listening(path: string): Promise<void> {
  for (;;) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return
    } catch {
      // Redis does not listen yet.
      await new Promise((resolve) => setTimeout(resolve, 5))
    } finally {
      socket.destroy()
    }
  }
}
