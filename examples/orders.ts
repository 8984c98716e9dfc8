import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { placeOrder } from './place-order.js'
import { base } from './shop.js'

/** A shop: what its events have in common is in shop.ts, and each event is in a file of its own. */
export const shop = defineNamespace({
  ...base,
  onConnect: ({ socket }) => {
    socket.data = { orders: 0 }
  },
  events: { 'order:place': placeOrder },
})

export async function buildServer(): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(namespaces, {
    userIdOf: ({ query }) => (query as { user?: string }).user,
    namespaces: { '/shops/:shopId': shop },
  })
  // A customer hears of it on every device, in whichever shop.
  app.post<{ Params: { user: string; id: string } }>('/paid/:user/:id', async ({ params }) => {
    app.userOf(params.user, shop).emit('order:paid', { id: params.id })
    return { shops: app.addressesOf(shop).map((live) => live.params.shopId) }
  })
  return app
}
