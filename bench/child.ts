import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/*
 * Starts a process of the bench on a given core. It answers questions over its IPC channel, one at a time.
 */

export interface Child {
  /** Its first message. */
  readonly greeting: unknown
  ask(question: unknown): Promise<unknown>
  stop(): Promise<void>
}

interface ChildOptions {
  /** Below bench/. */
  readonly file: string
  readonly args: readonly string[]
  /** Undefined: any core. */
  readonly core: number | undefined
  /** Whether its start is measured: then it is pinned from the beginning, otherwise after its first message. */
  readonly isStartMeasured?: boolean
  readonly nodeOptions?: readonly string[]
}

/** Starts a process and awaits its first message. Rejects, as every question does, if the process ends before it answers. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { file, args, core, isStartMeasured = false, nodeOptions = [] } = options
  const path = fileURLToPath(new URL(file, import.meta.url))
  const pin = core !== undefined && isStartMeasured ? ['taskset', '-c', String(core)] : []
  const command = [...pin, process.execPath, ...nodeOptions]
  const child = spawn(command[0] as string, [...command.slice(1), path, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`${file} has ended with ${code}: ${complaint}`)
  })
  ended.catch(() => undefined)
  const next = () => Promise.race([nextMessage(child), ended])
  const greeting = await next()
  // -a: all of its threads
  if (core !== undefined) spawnSync('taskset', ['-acp', String(core), String(child.pid)])
  return {
    greeting,
    ask(question) {
      const answer = next()
      child.send(question as string)
      return answer
    },
    async stop() {
      child.kill('SIGKILL')
      await ended.catch(() => undefined)
    },
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message')
  return message
}
