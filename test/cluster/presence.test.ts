import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { setupPrimary } from '../../plugin/cluster.js'
import type { PresenceEntry } from '../../plugin/index.js'
import { join, next, until } from '../plugin/harness.js'
import { follow, listOf } from '../plugin/presence/present-client.js'
import { bundle } from './bundle.js'
import { hasPostgres, startPostgres } from './postgres.js'
import { hasRedis, startRedis } from './redis.js'

/*
 * Who is here, on nodes that are processes: one is closed, one is killed, one stands still.
 */

t.setTimeout(180_000)
// Most of their time they wait, for a node that is silent.
t.jobs = 4

const program = await bundle('test/cluster/present-node.ts')
cluster.setupPrimary({ exec: program, execArgv: [] })
setupPrimary()

interface PresentNode {
  readonly send: ChildProcess['kill']
  /** Joins as a user. Resolves when the state has come. */
  join(user: string): Promise<Socket & { following: ReturnType<typeof follow> }>
  /** Who is here, as the node says. */
  list(): Promise<string[]>
  close(): Promise<void>
}

async function startNode(t: Test, kind: string, broker: string): Promise<PresentNode> {
  // tap puts its own loader into NODE_OPTIONS.
  const env = { ...process.env, NODE_OPTIONS: '', BROKER: broker, KIND: kind }
  const child: ChildProcess = kind === 'cluster' ? cluster.fork(env).process : fork(program, { env, execArgv: [] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let list: (entries: PresenceEntry[]) => void = () => {}
  const url = await new Promise<string>((resolve, reject) => {
    void ended.then(() => reject(new Error('the node has ended')))
    child.on('message', ({ port, entries }: { port?: number; entries?: PresenceEntry[] }) => {
      if (port) resolve(`http://127.0.0.1:${port}`)
      if (entries) list(entries)
    })
  })
  return {
    send: (signal) => child.kill(signal),
    async join(user) {
      const socket = join(t, url, '/lobby', { transports: ['websocket'], forceNew: true, auth: { user } })
      const following = follow(socket)
      await next(socket, 'presence:state')
      return Object.assign(socket, { following })
    },
    async list() {
      const entries = new Promise<PresenceEntry[]>((resolve) => {
        list = resolve
      })
      child.send({ list: true })
      return listOf(await entries)
    },
    async close() {
      child.send({ close: true })
      await ended
    },
  }
}

async function startNodes(t: Test, kind: string, broker: string, count: number) {
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(t, kind, broker)))
  return nodes as [PresentNode, PresentNode, PresentNode]
}

/** Joins a room. Resolves when the client is told who is in it. */
async function sit(socket: Socket) {
  const table = follow(socket, undefined, 'table/1')
  await socket.emitWithAck('room:join', 'table/1')
  await until(() => table.people.length > 0)
  return table
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
  const title =
    'the people of a node that is stopped come back, of one that is closed move, of one that is killed leave once'
  t.test(`${kind}: ${title}`, { skip, buffered: true }, async (t) => {
    const broker = await startBroker(t)
    const [one, two, three] = await startNodes(t, kind, broker, 3)
    t.strictSame(await one.list(), [])
    const watcher = await one.join('watcher')
    const { following } = watcher
    const bob = await two.join('bob')
    await two.join('cy')
    await three.join('cy')
    const dan = await three.join('dan')
    const { following: there } = dan
    const table = await sit(watcher)
    await sit(bob)
    await sit(dan)
    await until(() => table.people.length === 3)
    t.strictSame(table.people, ['bob×1', 'dan×1', 'watcher×1'])
    await until(() => following.people.includes('cy×2') && following.people.includes('dan×1'))
    const all = ['bob×1', 'cy×2', 'dan×1', 'watcher×1']
    t.strictSame([following.people, following.metas.bob], [all, { user: 'bob' }])
    t.strictSame([await one.list(), await two.list(), await three.list()], [all, all, all])

    t.comment('a node stands still for twelve seconds')
    const stoppedAt = performance.now()
    three.send('SIGSTOP')
    await until(() => following.told.includes('-dan'))
    t.strictSame(following.people, ['bob×1', 'cy×1', 'watcher×1'])
    await two.join('eve')
    await until(() => performance.now() - stoppedAt > 12_000)
    three.send('SIGCONT')
    await until(() => following.people.length === 5 && there.people.length === 5)
    t.strictSame(following.people, [...all, 'eve×1'].sort())
    t.notOk(
      there.told.some((line) => line.startsWith('-')),
      'it saw nobody leave',
    )

    t.comment('a node is closed, and one of its people comes back elsewhere')
    await until(() => table.people.length === 3)
    following.told.splice(0)
    table.told.splice(0)
    const gone = next(bob, 'disconnect')
    const closed = two.close()
    await gone
    await sit(await three.join('bob'))
    await closed
    await until(() => following.people.length === 4)
    t.strictSame(following.people, ['bob×1', 'cy×1', 'dan×1', 'watcher×1'])
    t.strictSame(
      following.told.filter((line) => !line.startsWith('~')),
      ['-eve'],
    )
    t.notOk(table.told.includes('-bob'), 'at the table, he has never left')

    t.comment('a node is killed')
    following.told.splice(0)
    const killedAt = performance.now()
    three.send('SIGKILL')
    table.told.splice(0)
    await until(() => following.people.length === 1 && table.people.length === 1)
    t.ok(performance.now() - killedAt < 10_000, `noticed in ${Math.round(performance.now() - killedAt)} ms`)
    t.strictSame(following.told.sort(), ['-bob', '-cy', '-dan'])
    t.strictSame(table.told.sort(), ['-bob', '-dan'])
    t.strictSame(await one.list(), ['watcher×1'])
  })
}
