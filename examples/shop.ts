import { dataType, defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/** The base of a shop's events: the params, the type of `socket.data`, and the emits. */
export const base = defineNamespace({
  schema: { params: Type.Object({ shopId: Type.Integer() }) },
  data: dataType<{ orders: number }>(),
  emits: {
    'order:new': { payload: Type.Object({ id: Type.String() }) },
    'order:paid': { payload: Type.Object({ id: Type.String() }) },
  },
})
