import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { setupPrimary } from '../../plugin/cluster.js'
import { join, next, until } from '../plugin/harness.js'
import { bundle } from './bundle.js'
import { hasPostgres, startPostgres } from './postgres.js'
import { hasRedis, startRedis } from './redis.js'

/*
 * The feed of an address, on nodes that are processes: one of them has it, until it is closed, killed, or stands still.
 */

t.setTimeout(180_000)
// Most of their time they wait, for a lease that ends.
t.jobs = 4

const program = await bundle('test/cluster/fed-node.ts')
cluster.setupPrimary({ exec: program, execArgv: [] })
setupPrimary()

interface FedNode {
  readonly pid: number
  /** What its feed has said: `first`, `last`. */
  readonly events: string[]
  readonly send: ChildProcess['kill']
  join(): Promise<Socket>
  close(): Promise<void>
}

async function startNode(t: Test, kind: string, broker: string): Promise<FedNode> {
  // tap puts its own loader into NODE_OPTIONS.
  const env = { ...process.env, NODE_OPTIONS: '', BROKER: broker, KIND: kind }
  const child: ChildProcess = kind === 'cluster' ? cluster.fork(env).process : fork(program, { env, execArgv: [] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const events: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    void ended.then(() => reject(new Error('the node has ended')))
    child.on('message', ({ port, event }: { port?: number; event?: string }) => {
      if (port) resolve(`http://127.0.0.1:${port}`)
      if (event) events.push(event)
    })
  })
  return {
    pid: Number(child.pid),
    events,
    send: (signal) => child.kill(signal),
    async join() {
      const socket = join(t, url, '/stocks/acme', { transports: ['websocket'], forceNew: true })
      await next(socket, 'connect')
      return socket
    },
    async close() {
      child.send({ close: true })
      await ended
    },
  }
}

async function startNodes(t: Test, kind: string, broker: string, count: number) {
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(t, kind, broker)))
  return nodes as [FedNode, FedNode, FedNode]
}

/** The process whose prices a client gets next. */
async function sourceOf(socket: Socket): Promise<unknown> {
  return (await next(socket, 'price:new'))[0]
}

/** Resolves when the prices that a client gets come from a node. */
async function untilFrom(socket: Socket, { pid }: FedNode): Promise<void> {
  while ((await sourceOf(socket)) !== pid);
}

const BROKERS = [
  ['redis', startRedis, !(await hasRedis()) && 'redis-server is not installed'],
  [
    'postgres',
    async (t: Test) => (await startPostgres(t)).url(),
    !(await hasPostgres()) && 'PostgreSQL is not installed',
  ],
  ['cluster', async () => '', false],
] as const

for (const [kind, startBroker, skip] of BROKERS) {
  t.test(
    `${kind}: one node has the feed, and another one takes over when it closes or is killed`,
    { skip, buffered: true },
    async (t) => {
      const broker = await startBroker(t)
      const [one, two, three] = await startNodes(t, kind, broker, 3)
      const first = await one.join()
      await untilFrom(first, one)
      const second = await two.join()
      await untilFrom(second, one)

      t.comment('its clients leave')
      first.disconnect()
      await untilFrom(second, two)
      await until(() => one.events.length === 2 && two.events.length === 1)
      t.strictSame([one.events, two.events], [['first', 'last'], ['first']])

      t.comment('it is closed')
      const third = await three.join()
      await untilFrom(third, two)
      await two.close()
      await untilFrom(third, three)
      await until(() => two.events.length === 2 && three.events.length === 1)
      t.strictSame([two.events, three.events], [['first', 'last'], ['first']])

      t.comment('it is killed')
      const fourth = await one.join()
      await untilFrom(fourth, three)
      three.send('SIGKILL')
      await untilFrom(fourth, one)
      await until(() => one.events.length === 3)
      t.strictSame(one.events, ['first', 'last', 'first'])
    },
  )
}

const [[kind, startBroker, skip]] = BROKERS
const title = 'a node that stood still ends its feed when it wakes, and does not take it back'
t.test(title, { skip, buffered: true }, async (t) => {
  const broker = await startBroker(t)
  const [one, two] = await startNodes(t, kind, broker, 2)
  await untilFrom(await one.join(), one)
  const second = await two.join()
  await untilFrom(second, one)
  one.send('SIGSTOP')
  await untilFrom(second, two)
  one.send('SIGCONT')
  await until(() => one.events.length > 1)
  await untilFrom(second, two)
  t.strictSame([one.events, two.events], [['first', 'last'], ['first']])
})
