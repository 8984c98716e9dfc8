import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { setupPrimary } from '../../plugin/cluster.js'
import type { Limits } from '../../plugin/index.js'
import { join } from '../plugin/harness.js'
import { bundle } from './bundle.js'
import { hasRedis, startRedis } from './redis.js'

/*
 * Limits of all nodes together, each node a process that can be killed.
 */

t.setTimeout(180_000)

const program = await bundle('test/cluster/limited-node.ts')
cluster.setupPrimary({ exec: program, execArgv: [] })
setupPrimary()

interface LimitedNode {
  readonly url: string
  /** Ends it without a word, as `kill -9` does. */
  kill(): Promise<void>
}

/** `redis`: the path of its socket; undefined for a worker of this process. */
async function startNode(t: Test, redis: string | undefined, limits: Limits['allNodes']): Promise<LimitedNode> {
  // tap puts its own loader into NODE_OPTIONS.
  const env = { ...process.env, NODE_OPTIONS: '', BROKER: redis ?? '', LIMITS: JSON.stringify(limits) }
  const child: ChildProcess = redis ? fork(program, { env, execArgv: [] }) : cluster.fork(env).process
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  const url = await new Promise<string>((resolve) => {
    child.on('message', ({ port }: { port?: number }) => port && resolve(`http://127.0.0.1:${port}`))
  })
  return { url, kill }
}

/** Joins; resolves with the socket, or with the error of the refusal. */
async function tryToJoin(
  t: Test,
  { url }: LimitedNode,
  address: string,
): Promise<{ socket?: Socket; error?: unknown }> {
  const socket = join(t, url, address, { transports: ['polling'], forceNew: true })
  const error = await new Promise((resolve) => {
    socket.on('connect', () => resolve(undefined))
    socket.on(
      'connect_error',
      ({ data, context }: Error & { data?: { code?: string }; context?: { status?: number } }) =>
        resolve(data?.code ?? context?.status ?? 'no answer'),
    )
  })
  return error === undefined ? { socket } : { error }
}

let addresses = 0
const newAddress = () => `/orgs/new-${++addresses}`
const lobby = () => '/lobby'

/** Waits until a node answers so: with a refusal, or undefined. Whom it lets in before leaves. */
async function untilTried(t: Test, node: LimitedNode, address: () => string, answer: unknown): Promise<void> {
  for (;;) {
    const { socket, error } = await tryToJoin(t, node, address())
    if (error === answer) return
    socket?.disconnect()
  }
}

const BROKERS = [
  ['redis', startRedis, !(await hasRedis()) && 'redis-server is not installed'],
  ['cluster', async () => undefined, false],
] as const

for (const [name, startBroker, skip] of BROKERS) {
  t.test(
    `${name}: connections of all nodes are limited, and a node that is killed gives its share back`,
    { skip },
    async (t) => {
      const broker = await startBroker(t)
      const limits = { connections: 4 }
      const [one, two] = await Promise.all([startNode(t, broker, limits), startNode(t, broker, limits)])
      for (const node of [one, one, one, two]) t.match(await tryToJoin(t, node, '/lobby'), { socket: Object })
      await untilTried(t, one, lobby, 503)
      await untilTried(t, two, lobby, 503)
      await one.kill()
      await untilTried(t, two, lobby, undefined)
      for (const _ of [3, 4]) t.match(await tryToJoin(t, two, '/lobby'), { socket: Object })
      t.strictSame(await tryToJoin(t, two, '/lobby'), { error: 503 })
    },
  )

  t.test(
    `${name}: dynamic namespaces of all nodes are limited, and those of a killed node are gone`,
    { skip },
    async (t) => {
      const broker = await startBroker(t)
      const limits = { dynamicNamespaces: 3 }
      const [one, two] = await Promise.all([startNode(t, broker, limits), startNode(t, broker, limits)])
      for (const id of [1, 2]) t.match(await tryToJoin(t, one, `/orgs/${id}`), { socket: Object })
      t.match(await tryToJoin(t, two, '/orgs/own'), { socket: Object })
      for (const node of [one, two]) await untilTried(t, node, newAddress, 'FST_NSP_CHILDREN_LIMIT')
      t.match(await tryToJoin(t, two, '/orgs/own'), { socket: Object })
      t.match(await tryToJoin(t, two, '/lobby'), { socket: Object })
      await one.kill()
      await untilTried(t, two, newAddress, undefined)
    },
  )
}
