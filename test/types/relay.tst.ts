import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { defineContract } from '../../plugin/contract.js'
import { defineEvent, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const point = Type.Object({ x: Type.Number(), y: Type.Number() })
const moved = Type.Object({ x: Type.Number(), y: Type.Number(), by: Type.String() })
const schema = { params: Type.Object({ docId: Type.String() }) }

export const doc = defineNamespace({
  schema,
  emits: { 'cursor:move': { payload: point }, 'cursor:moved': { payload: moved } },
  events: {
    'cursor:move': {
      payload: point,
      preHandler: ({ params }) => expect(params).type.toBe<{ docId: string }>(),
      relay: { to: ({ params, payload }) => {
        expect(params).type.toBe<{ docId: string }>()
        expect(payload).type.toBe<{ x: number, y: number }>()
        return `doc:${params.docId}`
      }, volatile: true },
    },
    other: {
      payload: point,
      relay: { emit: 'cursor:moved', data: ({ payload, socket }) => ({ ...payload, by: socket.id }) },
    },
    handled: { payload: point, reply: Type.String(), handler: ({ x }, { params }) => {
      expect(params).type.toBe<{ docId: string }>()
      return x.toFixed()
    } },
  },
})

test('errors', () => {
  defineNamespace({ schema, events: { x: { payload: point } } })
  defineNamespace({ schema, events: { x: { payload: point, handler: () => {}, relay: {} } } })
  defineNamespace({ schema, events: { x: { payload: point, relay: { to: 3 } } } })
  defineNamespace({ schema, events: { x: { payload: point, relay: { too: 'x' } } } })
  defineNamespace({ schema, events: { x: { payload: point, reply: Type.String(), handler: () => 3 } } })
  defineNamespace({ schema, events: { x: { payload: point, reply: Type.String(), relay: {} } } })
  defineNamespace({ schema, events: { x: { payload: point, stream: Type.String(), relay: {} } } })
  defineNamespace({ schema, emits: { y: { payload: point } }, events: { x: { payload: point, relay: {} } } })
  defineNamespace({ schema, emits: { y: { payload: point } }, events: { x: { payload: point, relay: { emit: 'z' } } } })
  defineNamespace({ schema, emits: { y: { payload: moved } }, events: { x: { payload: point, relay: { emit: 'y', data: ({ payload }) => payload } } } })
  defineNamespace({ schema, emits: { y: { payload: moved } }, events: { y: { payload: point, relay: { data: ({ payload }) => payload } } } })
  defineNamespace({ schema, emits: { y: { payload: moved } }, events: { y: { payload: point, relay: { to: async () => 'x' } } } })
  defineNamespace({ schema, emits: { y: { payload: moved } }, events: { y: { payload: point, relay: { data: async () => ({ x: 1, y: 1, by: ''}) } } } })
})
const contract = defineContract({
  schema,
  emits: { 'cursor:move': { payload: point } },
  events: { 'cursor:move': { payload: point }, save: { payload: point, reply: Type.String() }, typing: {} },
})
test('contract', () => {
  defineNamespace(contract, { handlers: {
   'cursor:move': { relay: { to: ({ params }) => `doc:${params.docId}`, volatile: true }, preHandler: ({ params }) => expect(params).type.toBe<{ docId: string }>() },
   save: ({ x }) => x.toFixed(),
   typing: { relay: { emit: 'cursor:move', data: () => ({ x: 1, y: 1 }) } },
  } })
  defineNamespace(contract, { handlers: {
   'cursor:move': { relay: {} },
   save: { relay: {} },
   typing: { relay: {} },
  } })
  const ev = defineEvent({ payload: point, relay: { emit: 'cursor:move', data: ({ payload, socket }) => ({ ...payload, by: socket.id }) } })
  const own = defineEvent({ payload: point, relay: { to: ({ payload }) => String(payload.x) } })
  defineNamespace({ schema, emits: { 'cursor:move': { payload: point } }, events: { ev, 'cursor:move': own } })
  defineNamespaces({ '/x': doc, '/y': { events: { a: { payload: point, relay: { to: ({ payload }) => String(payload.x) } } } } })
})
