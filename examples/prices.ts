import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

const Price = Type.Object({ symbol: Type.String(), price: Type.Number() })
const Trade = Type.Object({ symbol: Type.String(), price: Type.Number(), amount: Type.Integer() })

export const market = defineNamespace({
  description: 'Prices and trades, for clients on any network',
  emits: {
    // A client that is behind receives the newest price of each symbol.
    'price:new': { payload: Price, conflate: ({ symbol }) => symbol },
    // The newest 100 wait for it; it is told by onGap() that there were more.
    'trade:new': { payload: Trade, dropOldest: 100 },
  },
})

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, { namespaces: { '/market': market } })
  app.post<{ Body: Static<typeof Trade> }>('/trades', { schema: { body: Trade } }, async ({ body: trade }, reply) => {
    const { emit } = app.namespaceOf(market)
    emit('trade:new', trade)
    emit('price:new', { symbol: trade.symbol, price: trade.price })
    return reply.code(204).send()
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
