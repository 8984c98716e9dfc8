import type { AddressInfo } from 'node:net'
import { createAdapter as createClusterAdapter } from '@socket.io/cluster-adapter'
import { createAdapter as createRedisAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import namespaces, { type AnyNamespaceDefinition } from '../../plugin/index.js'
import type { Command, NodeOptions, Report } from './nodes.js'

/*
 * A node of a cluster: a process with an application on its own port. It runs the commands of the test, and records uncaught
 * errors, which would have ended it.
 */

const { adapter: kind, redis } = JSON.parse(process.env.NODE_OF_A_CLUSTER as string) as NodeOptions

const faults: string[] = []
process.on('uncaughtException', (error) => faults.push(String(error)))
process.on('unhandledRejection', (error) => faults.push(String(error)))

/** The clients of the broker, to be disconnected. */
const clients: { disconnect(): unknown }[] = []

async function createAdapter(): Promise<unknown> {
  if (kind === 'cluster') return createClusterAdapter()
  if (kind === 'ioredis') {
    const [pub, sub] = [new Redis(redis), new Redis(redis)]
    clients.push(pub, sub)
    return createRedisAdapter(pub, sub)
  }
  const pub = createClient({ socket: { path: redis, tls: false } })
  const sub = pub.duplicate()
  await Promise.all([pub.connect(), sub.connect()])
  clients.push({ disconnect: () => pub.destroy() }, { disconnect: () => sub.destroy() })
  return kind === 'streams' ? createStreamsAdapter(pub, { blockTimeInMs: 50 }) : createRedisAdapter(pub, sub)
}

const lines: { msg?: string; level?: number }[] = []
const logger = { level: 'warn', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
const app = Fastify({ logger })
const room: AnyNamespaceDefinition = {
  emits: {
    news: { payload: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
  },
  onConnect: ({ socket }) => void socket.join('members'),
}
await app.register(namespaces, {
  ...(kind === 'own'
    ? { adapter: { type: 'redis', client: createClient({ socket: { path: redis, tls: false } }) } }
    : { io: { adapter: (await createAdapter()) as never } }),
  limits: { roomsPerSocket: 3 },
  namespaces: { '/room': room },
})
app.io.of('/room').on('server-side', (what: unknown) => {
  if (what === 'throw') throw new Error('A listener of a server-side event')
  lines.push({ msg: `heard ${what}` })
})

/** The commands of a test. If one throws, its code is reported. */
const commands: Record<Command['do'], (...args: never[]) => unknown> = {
  emit: (address: string, ...args: [string]) => app.io.of(address).emit(...args),
  serverSideEmit: (address: string, ...args: [string]) => app.io.of(address).serverSideEmit(...args),
  socketsJoin: (address: string, ...rooms: string[]) => app.io.of(address).socketsJoin(rooms),
  faults: () => faults,
  lines: () => lines.map(({ msg }) => msg),
  close: async () => {
    await app.close()
    for (const client of clients) await client.disconnect()
    // Adapters leave timers that wait for answers.
    process.exit()
  },
}

process.on('message', async ({ id, do: name, args }: Command) => {
  // A message of the cluster adapter has no id.
  if (id === undefined) return
  const report: Report = { id }
  try {
    report.result = await commands[name](...(args as never[]))
  } catch (error) {
    report.threw = String((error as { code?: string }).code ?? error)
  }
  process.send?.(report)
})

await app.listen({ port: 0, host: '127.0.0.1', exclusive: true })
process.send?.({ id: 0, result: (app.server.address() as AddressInfo).port } satisfies Report)
