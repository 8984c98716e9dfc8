import { dataType, defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/** What the events of a shop know of it: its params, what it emits, and what stands in `socket.data`. */
export const base = defineNamespace({
  schema: { params: Type.Object({ shopId: Type.Integer() }) },
  data: dataType<{ orders: number }>(),
  emits: {
    'order:new': { payload: Type.Object({ id: Type.String() }) },
    'order:paid': { payload: Type.Object({ id: Type.String() }) },
  },
})
