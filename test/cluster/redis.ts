import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/*
 * A real Redis of a test's own, on a socket in a folder of its own: no port, nothing kept.
 */

/** Whether there is a `redis-server` to start. CI has one: there a test without it fails. */
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

/** Starts a Redis that ends with its test. out: the path of its socket. */
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
      // Not yet.
      await new Promise((resolve) => setTimeout(resolve, 5))
    } finally {
      socket.destroy()
    }
  }
}
