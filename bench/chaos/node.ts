import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import Fastify from 'fastify'
import { createClient } from 'redis'
import { Server, type Socket } from 'socket.io'
import namespaces, { type NamespacesOptions } from '../../plugin/index.js'
import type { Contender } from './contenders.js'
import { answerQuestions, readSettings } from './program.js'

/*
 * A node of a chaos run. A client says something, and everybody in its room hears it.
 */

export interface NodeSettings {
  readonly contender: Contender
  /** The path of the Unix socket of the broker. */
  readonly broker: string
  /** How many clients share a room. */
  readonly roomSize: number
}

interface Said {
  readonly client: number
  readonly number: number
}

const { contender, broker, roomSize } = readSettings<NodeSettings>()
const IO = {
  // So that a client notices a stopped node within 5 seconds.
  pingInterval: 2_000,
  pingTimeout: 3_000,
  transports: ['websocket' as const],
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
}
const roomOf = (client: number) => `room ${Math.floor(client / roomSize)}`

async function connectRedis() {
  const client = createClient({ socket: { path: broker, tls: false } })
  client.on('error', () => {})
  return client.connect()
}

async function startBare() {
  const server = createServer()
  const io = new Server(server, { ...IO, adapter: createAdapter(await connectRedis()) })
  io.of('/chat').on('connection', (socket: Socket) => {
    const client = Number(socket.handshake.auth.client)
    if (!socket.recovered) {
      void socket.join(roomOf(client))
      socket.emit('ready')
    }
    socket.on('say', (said: Said, answer: (data: unknown) => void) => {
      io.of('/chat').to(roomOf(client)).emit('news', said)
      answer({ ok: true })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { io, port: (server.address() as AddressInfo).port }
}

async function adapterOptions(): Promise<NamespacesOptions> {
  if (contender === 'redis') {
    const client = createClient({ socket: { path: broker, tls: false } })
    client.on('error', () => {})
    return { adapter: { type: 'redis', client } }
  }
  return { io: { adapter: createAdapter(await connectRedis()) as never } }
}

async function startOurs() {
  const app = Fastify()
  const said = {
    type: 'object',
    properties: { client: { type: 'integer' }, number: { type: 'integer' } },
    required: ['client', 'number'],
  }
  const { io, ...rest } = await adapterOptions()
  await app.register(namespaces, {
    ...rest,
    io: { ...IO, ...io },
    namespaces: {
      '/chat': {
        emits: { news: { payload: said }, ready: {} },
        onConnect: ({ socket, emit }) => {
          void socket.join(roomOf(Number(socket.handshake.auth.client)))
          emit('ready')
        },
        events: {
          say: {
            payload: said,
            handler: (payload, { namespace }) =>
              void namespace.to(roomOf((payload as Said).client)).emit('news', payload),
          },
        },
      },
    },
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { io: app.io, port: (app.server.address() as AddressInfo).port }
}

// A node that an error ends would be a loss that looks like a fault of the run.
let faults = 0
process.on('uncaughtException', () => faults++)

const { io, port } = await (contender === 'bare' ? startBare() : startOurs())
answerQuestions(port, {
  sockets: () => io.of('/chat').sockets.size,
  faults: () => faults,
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
})
