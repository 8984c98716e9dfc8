import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import Fastify from 'fastify'
import type { NamespacesOptions } from '../../plugin/index.js'
import { ioOptions, roomOf, type Said } from './application.js'
import type { NodeSettings, StartedNode } from './node.js'
import { orderNamespaces } from './orders.js'
import { urlOf } from './postgres.js'
import { connectRedis, createRedis } from './redis-client.js'

/*
 * The application on the plugin, as it is built.
 */

// Not a literal, because it has no types before `npm run build`.
const self: string = 'fastify-namespaces'

const SAID = {
  type: 'object',
  properties: { client: { type: 'integer' }, number: { type: 'integer' } },
  required: ['client', 'number'],
}

async function adapterOptions({ contender, broker }: NodeSettings): Promise<NamespacesOptions> {
  switch (contender) {
    case 'redis':
      return { adapter: { type: 'redis', client: createRedis(broker) } }
    case 'postgres':
      return { adapter: { type: 'postgres', url: urlOf(dirname(broker)) } }
    case 'cluster':
      return { adapter: { type: 'cluster' } }
    default:
      return { io: { adapter: createAdapter(await connectRedis(broker)) as never } }
  }
}

export async function startOurs(settings: NodeSettings): Promise<StartedNode> {
  const { default: namespaces } = (await import(self)) as typeof import('../../plugin/index.js')
  const { roomSize } = settings
  const app = Fastify()
  const { io, ...rest } = await adapterOptions(settings)
  await app.register(namespaces, {
    ...rest,
    io: { ...ioOptions(settings), ...io },
    // One connection visits many addresses.
    limits: { joinsPerSecond: 10_000, namespacesPerConnection: 10_000 },
    namespaces: {
      ...(await orderNamespaces(settings)),
      '/chat': {
        emits: { news: { payload: SAID }, ready: {} },
        onConnect: ({ socket, emit }) => {
          void socket.join(roomOf(Number(socket.handshake.auth.client), roomSize))
          emit('ready')
        },
        events: {
          say: {
            payload: SAID,
            handler: (payload, { namespace }) =>
              void namespace.to(roomOf((payload as Said).client, roomSize)).emit('news', payload),
          },
        },
      },
      '/orgs/:id': {
        emits: { news: { payload: SAID } },
        events: { say: { payload: SAID, handler: (payload, { namespace }) => void namespace.emit('news', payload) } },
      },
    },
  })
  // Exclusive: otherwise the primary of a Node.js cluster listens, and gives all workers one port.
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096, exclusive: true })
  return { io: app.io, port: (app.server.address() as AddressInfo).port }
}
