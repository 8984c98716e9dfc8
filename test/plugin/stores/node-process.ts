import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { io, type Socket } from 'socket.io-client'
import type { Test } from 'tap'

/** A node in a process of its own, and a client of it. */
export interface NodeProcess {
  readonly process: ChildProcess
  readonly socket: Socket
}

/** Starts a bundled program that tells its address first, and connects to its `/orders`; both end with the test. */
export async function startNodeProcess(
  t: Test,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  // tap puts its own loader into NODE_OPTIONS.
  const child = fork(program, { env: { ...process.env, NODE_OPTIONS: '', ...env }, execArgv: [] })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  })
  const [address] = await once(child, 'message')
  const socket = io(`${address}/orders`, { transports: ['websocket'], reconnection: false, forceNew: true })
  t.teardown(() => socket.disconnect())
  await once(socket as never, 'connect')
  return { process: child, socket }
}
