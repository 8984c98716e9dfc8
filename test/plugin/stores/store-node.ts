import Fastify from 'fastify'
import namespaces from '../../../plugin/index.js'
import { createPostgresStore, createRedisStore } from '../../../plugin/stores.js'

/*
 * A node in a process of its own. Its handler says that it has begun, and ends when it is told.
 */

const { kind, url, leaseMs } = JSON.parse(String(process.env.NODE_WITH_STORE))
const store = kind === 'redis' ? createRedisStore({ url }) : createPostgresStore({ url })
const app = Fastify()
await app.register(namespaces, {
  namespaces: {
    '/orders': {
      events: {
        place: {
          handlerTimeoutMs: 0,
          idempotency: { key: (key) => key as string, leaseMs, store },
          handler: async () => {
            process.send?.('begun')
            await new Promise((resolve) => process.once('message', resolve))
            return process.pid
          },
        },
      },
    },
  },
})
process.on('disconnect', () => process.exit())
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }))
