import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/*
 * A Redis server that a test can kill and start again, with or without its data, and a proxy in front of it that cuts connections,
 * or stalls without a word.
 */

const BASE = ['--port', '0', '--save', '']

export class TestRedis {
  readonly folder: string
  readonly path: string
  readonly #arguments: readonly string[]
  #server: ChildProcess | undefined

  constructor(folder: string, options: readonly string[], first: readonly string[] = []) {
    this.folder = folder
    this.path = join(folder, 'redis.sock')
    this.#arguments = [...first, ...BASE, '--unixsocket', this.path, '--dir', folder, ...options]
  }

  async start(): Promise<void> {
    this.#server = spawn('redis-server', this.#arguments, { stdio: 'ignore' })
    while (!(await canConnect(this.path))) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Kills it. What `SAVE` has stored is there when it starts again. */
  async kill(): Promise<void> {
    const server = this.#server
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  /** Stores the data: they are there when it starts again. */
  async save(): Promise<void> {
    await this.ask('SAVE')
  }

  /** Sends a command, and returns the beginning of the reply. */
  async ask(command: string): Promise<string> {
    const socket = connect(this.path)
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [reply] = await once(socket, 'data')
    socket.destroy()
    return String(reply)
  }

  /** Removes the stored data. */
  async forget(): Promise<void> {
    await rm(join(this.folder, 'dump.rdb'), { force: true })
  }

  /** Stops and continues the process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#server?.kill(signal)
  }
}

/** Starts a Redis of this test. It is removed when the test ends. */
export async function startTestRedis(
  t: Test,
  options: readonly string[] = [],
  first: readonly string[] = [],
): Promise<TestRedis> {
  const redis = new TestRedis(await mkdtemp(join(tmpdir(), 'fastify-namespaces-redis-')), options, first)
  t.teardown(async () => {
    await redis.kill()
    await rm(redis.folder, { recursive: true, force: true })
  })
  await redis.start()
  return redis
}

/** A proxy from a port to a Unix socket. */
export interface TestProxy {
  readonly port: number
  cut(): void
  /** Cuts connections, and accepts no other one. */
  block(): void
  unblock(): void
  /** From now on it passes nothing on, and closes nothing. */
  stall(): void
  unstall(): void
  /** How many connections are open. */
  readonly open: number
}

export async function startProxy(t: Test, path: string): Promise<TestProxy> {
  const sockets = new Set<Socket>()
  let isStalled = false
  let isBlocked = false
  const add = (socket: Socket, other: Socket) => {
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
    socket.on('error', () => {})
    socket.on('data', (chunk) => other.write(chunk))
    if (isStalled) socket.pause()
  }
  const server = createServer((near) => {
    if (isBlocked) {
      near.destroy()
      return
    }
    const far = connect(path)
    add(near, far)
    add(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return {
    port,
    cut,
    block() {
      isBlocked = true
      cut()
    },
    unblock() {
      isBlocked = false
    },
    stall() {
      isStalled = true
      for (const socket of sockets) socket.pause()
    },
    unstall() {
      isStalled = false
      for (const socket of sockets) socket.resume()
    },
    get open() {
      return sockets.size / 2
    },
  }
}

async function canConnect(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
