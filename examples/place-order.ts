import { defineEvent } from 'fastify-namespaces'
import { Type } from 'typebox'
import { base } from './shop.js'

export const placeOrder = defineEvent(base, {
  payload: Type.Object({ item: Type.String({ maxLength: 100 }) }),
  reply: Type.Object({ id: Type.String() }),
  errors: { TOO_MANY: Type.Object({ max: Type.Integer() }) },
  handler: ({ item }, { error, namespace, params, socket }) => {
    if (socket.data.orders === 2) throw error('TOO_MANY', { max: 2 })
    socket.data.orders += 1
    const id = `${params.shopId}-${item}-${socket.data.orders}`
    namespace.emit('order:new', { id })
    return { id }
  },
})
