import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { cpuOf } from './process-cpu.js'

/*
 * A Redis server of a chaos run, on a Unix socket, which can be killed and started again with its data.
 */

/** A broker that is a server of its own. */
export interface Broker {
  /** The path of its Unix socket. */
  readonly path: string
  /** Ends it as SIGKILL does. */
  kill(): Promise<void>
  /** Starts it again, with what it had. */
  start(): Promise<void>
  /** Ends it with all of its processes. */
  stop(): Promise<void>
  /** CPU seconds since it was started. */
  cpu(): Promise<number>
}

/** Starts a server whose socket and data are in `folder`. What it has written survives a kill, because the kernel has it. */
export async function startRedis(folder: string): Promise<Broker> {
  const path = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'yes']
  let server: ChildProcess | undefined
  const redis: Broker = {
    path,
    async start() {
      server = spawn('redis-server', [...options, '--appendfsync', 'everysec'], { stdio: 'ignore' })
      const failed = once(server, 'error').then(([error]) => Promise.reject(error))
      await Promise.race([isReady(path), failed])
    },
    async kill() {
      if (server?.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    },
    stop: () => redis.kill(),
    cpu: () => cpuOf(server?.pid as number),
  }
  await redis.start()
  return redis
}

/** Resolves when the server answers: while it loads its data, it does not. */
async function isReady(path: string): Promise<void> {
  for (;;) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      socket.write('PING\r\n')
      const [answer] = await once(socket, 'data')
      if (String(answer).startsWith('+PONG')) return
    } catch {
      // It does not listen yet.
    } finally {
      socket.destroy()
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
