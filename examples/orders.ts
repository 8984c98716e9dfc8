import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { placeOrder } from './place-order.js'
import { base } from './shop.js'

/** A shop. shop.ts has the base that its events share, and each event has a file of its own. */
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
  // Reaches every device of the customer, in every shop.
  app.post<{ Params: { user: string; id: string } }>('/paid/:user/:id', async ({ params }) => {
    app.userOf(params.user, shop).emit('order:paid', { id: params.id })
    return { shops: app.addressesOf(shop).map((live) => live.params.shopId) }
  })
  return app
}
