import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setupPrimary } from '@socket.io/cluster-adapter'
import type { Test } from 'tap'
import { bundle } from './bundle.js'

/*
 * Starts the nodes of a cluster, each in its own process, and sends them commands.
 */

/** `own`: the plugin's adapter for Redis. */
export type Kind = 'own' | 'redis' | 'ioredis' | 'streams' | 'cluster'

export interface NodeOptions {
  readonly adapter: Kind
  /** The path of the Unix socket of Redis. */
  readonly redis: string
}

export interface Command {
  readonly id: number
  readonly do: 'emit' | 'serverSideEmit' | 'socketsJoin' | 'faults' | 'lines' | 'close'
  readonly args: readonly unknown[]
}

export interface Report {
  readonly id: number
  result?: unknown
  /** The code of the thrown error. */
  threw?: string
}

export interface Node {
  readonly url: string
  /** Runs a command, and resolves to its result or to the code of the error that it threw. */
  call(command: Command['do'], ...args: unknown[]): Promise<{ result?: unknown; threw?: string }>
}

const program = await bundle('test/cluster/node.ts')
/** How a test starts a program in TypeScript: as it has been started itself. */
export const execArgv = ['--import', new URL('../typescript.js', import.meta.url).href]
let isPrimary = false

/** Starts a node. It is closed when the test ends. */
export async function startNode(t: Test, options: NodeOptions): Promise<Node> {
  // tap puts its own loader into NODE_OPTIONS.
  const env = { ...process.env, NODE_OPTIONS: '', NODE_OF_A_CLUSTER: JSON.stringify(options) }
  const child = options.adapter === 'cluster' ? forkWorker(env) : fork(program, { env, execArgv: [] })
  const pending = new Map<number, (report: Report) => void>()
  child.on('message', (report: Report) => {
    if (typeof report.id === 'number') pending.get(report.id)?.(report)
  })
  let last = 0
  const expect = (id: number) => new Promise<Report>((resolve) => pending.set(id, resolve))
  const call: Node['call'] = (command, ...args) => {
    const id = ++last
    child.send({ id, do: command, args } satisfies Command)
    return expect(id).then(({ id, ...rest }) => rest)
  }
  t.teardown(async () => {
    const ended = once(child, 'exit')
    // close() is not answered, because the channel closes with the process.
    void call('close')
    await ended
  })
  const { result: port } = await expect(0)
  return { url: `http://127.0.0.1:${port}`, call }
}

function forkWorker(env: NodeJS.ProcessEnv): ChildProcess {
  if (!isPrimary) {
    isPrimary = true
    cluster.setupPrimary({ exec: program, execArgv: [], serialization: 'advanced' })
    setupPrimary()
  }
  return cluster.fork(env).process
}
