import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { until } from '../plugin/harness.js'
import { execArgv } from './nodes.js'
import { hasRedis } from './redis.js'

/*
 * examples/cluster: three nodes with Redis, behind nginx and behind HAProxy, as their files say, but on free ports.
 */

t.setTimeout(180_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const NODES = { a: '3001', b: '3002', c: '3003' }

async function freePorts(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => String((server.address() as AddressInfo).port))
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Starts a program that is ended with its test. */
function start(
  t: Test,
  [program = '', ...args]: readonly string[],
  variables: Record<string, string> = {},
): ChildProcess {
  const env = { PATH: `${process.env.PATH}:/usr/sbin`, ...variables }
  const child = spawn(program, args, { env, cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill()
    await ended
  })
  return child
}

async function answering(url: string): Promise<void> {
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    await wait(50)
  }
}

/** Starts the cluster behind a proxy. */
async function startCluster(t: Test, proxy: 'nginx' | 'haproxy') {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-proxies-'))
  const [front = '', redis = '', ...ports] = await freePorts(5)
  start(t, ['redis-server', '--port', redis, '--bind', '127.0.0.1', '--save', '', '--dir', folder])
  const nodes = new Map<string, ChildProcess>()
  for (const name of Object.keys(NODES)) {
    const variables = { NODE: name, PORT: String(ports['abc'.indexOf(name)]), REDIS_URL: `redis://127.0.0.1:${redis}` }
    const ownName = new URL('../own-name.js', import.meta.url).href
    const program = [process.execPath, ...execArgv, '--import', ownName, join(root, 'examples/cluster/node.ts')]
    nodes.set(name, start(t, program, variables))
  }

  const file = proxy === 'nginx' ? 'nginx.conf' : 'haproxy.cfg'
  let text = (await readFile(join(root, 'examples/cluster', file), 'utf8')).replace('8080', front)
  for (const [index, port] of Object.values(NODES).entries()) text = text.replace(`:${port}`, `:${ports[index]}`)
  await writeFile(join(folder, file), text)
  await Promise.all(ports.map((port) => answering(`http://127.0.0.1:${port}/health`)))
  start(
    t,
    proxy === 'nginx' ? ['nginx', '-p', folder, '-c', join(folder, file)] : ['haproxy', '-f', join(folder, file)],
  )
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const url = `http://127.0.0.1:${front}`
  await answering(`${url}/health`)
  return { url, nodes }
}

/** A client outside a browser keeps the cookie of HAProxy with `withCredentials`. */
function connectTo(t: Test, url: string, transports: string[]): Socket {
  const socket = io(`${url}/chat`, {
    transports,
    forceNew: true,
    withCredentials: true,
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
  })
  t.teardown(() => socket.close())
  return socket
}

for (const proxy of ['nginx', 'haproxy'] as const) {
  t.test(
    `behind ${proxy}, clients of every transport connect, and all are back as who they were, and hear each other, after a node was killed`,
    { skip: !(await hasRedis()) && 'redis-server is not installed' },
    async (t) => {
      const { url, nodes } = await startCluster(t, proxy)
      const transports = [['polling'], ['websocket'], ['polling', 'websocket']]
      const sockets = [...transports, ...transports].map((transports) => connectTo(t, url, transports))
      const heard = sockets.map(() => [] as string[])
      for (const [index, socket] of sockets.entries()) {
        socket.on('message:new', ({ text }: { text: string }) => void heard[index]?.push(text))
      }
      await until(() => sockets.every(({ connected }) => connected))
      const send = async (socket: Socket, text: string) =>
        (await socket.emitWithAck('message:send', { text })).data.node
      const node = await send(sockets[0] as Socket, 'one')
      await until(() => heard.every((texts) => texts.length === 1))

      const ids = sockets.map(({ id }) => id)

      nodes.get(node)?.kill('SIGKILL')
      await until(() => sockets[0]?.connected === false)
      await until(() => sockets.every(({ connected }) => connected))
      t.strictSame(
        sockets.map(({ id }) => id),
        ids,
      )
      await send(sockets[0] as Socket, 'two')
      await until(() => heard.every((texts) => texts.length === 2))
      t.strictSame(
        heard,
        heard.map(() => ['one', 'two']),
      )
    },
  )
}
