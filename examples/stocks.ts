import { setInterval } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/** Opens a feed of prices, which ends when the signal aborts. */
export type OpenPrices = (symbol: string, signal: AbortSignal) => AsyncIterable<number>

/** Prices as a stock exchange might send them. */
async function* openPrices(_symbol: string, signal: AbortSignal): AsyncGenerator<number> {
  let price = 100
  for await (const _ of setInterval(500, undefined, { signal })) {
    price += Math.random() - 0.5
    yield Math.round(price * 100) / 100
  }
}

export function createStocks(open: OpenPrices) {
  return defineNamespace({
    description: 'The prices of one stock',
    schema: { params: Type.Object({ symbol: Type.String({ pattern: '^[A-Z]{1,5}$' }) }) },
    emits: { 'price:new': { payload: Type.Number(), retain: 1 } }, // whoever joins has the last one at once
    async onFirst({ params, namespace, signal, log }) {
      log.info('the feed starts')
      for await (const price of open(params.symbol, signal)) namespace.emit('price:new', price)
    },
    onLast: ({ log }) => log.info('the feed has ended'),
    onLastGraceMs: 2_000, // a page that is reloaded does not stop it
  })
}

/** Serves stocks. With REDIS_URL, several nodes have one feed for each stock. */
export async function buildServer(open: OpenPrices = openPrices) {
  const { REDIS_URL } = process.env
  const app = Fastify({ logger: { level: process.env.LOG_LEVEL ?? 'warn' } })
  await app.register(namespaces, { adapter: REDIS_URL ? { type: 'redis', url: REDIS_URL } : undefined })
  app.namespace('/stocks/:symbol', createStocks(open))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
