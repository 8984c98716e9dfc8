import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/*
 * A node of the cluster behind a proxy: NODE is its name, PORT its port, REDIS_URL the broker.
 */

const { NODE = 'a', PORT = '3001', REDIS_URL = 'redis://localhost:6379' } = process.env

const chat = defineNamespace({
  events: {
    'message:send': {
      payload: Type.Object({ text: Type.String({ maxLength: 2_000 }) }),
      reply: Type.Object({ node: Type.String() }),
      handler: ({ text }, { namespace }) => {
        namespace.emit('message:new', { text, node: NODE })
        return { node: NODE }
      },
    },
  },
  emits: { 'message:new': { payload: Type.Object({ text: Type.String(), node: Type.String() }) } },
})

const app = Fastify({ logger: { level: 'warn' }, trustProxy: '127.0.0.1' })
// The proxies ask it whether the node takes connections.
app.get('/health', async () => ({ node: NODE }))
await app.register(namespaces, {
  adapter: { type: 'redis', url: REDIS_URL },
  io: { connectionStateRecovery: {} },
  namespaces: { '/chat': chat },
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => app.close())
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
console.log(`node ${NODE} is ready`)
