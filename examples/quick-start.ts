import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'

const greeter = defineNamespace({
  emits: { hi: { payload: { type: 'string' } } },
  onConnect: ({ namespace, log }) => {
    log.info('someone connected')
    namespace.emit('hi', 'Hello everyone!')
  },
})

export const app = Fastify({ logger: true })
await app.register(namespaces, { namespaces: { '/': {}, '/my-namespace': greeter } })
await app.listen({ port: Number(process.env.PORT ?? 3000) })
