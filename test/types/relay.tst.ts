import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import { createClient } from '../../plugin/client.js'
import { defineContract } from '../../plugin/contract.js'
import { type AnyNamespaceDefinition, defineEvent, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const point = Type.Object({ x: Type.Number(), y: Type.Number() })
const moved = Type.Object({ x: Type.Number(), y: Type.Number(), by: Type.String() })
const schema = { params: Type.Object({ docId: Type.String() }) }
type Point = { x: number; y: number }

const doc = defineNamespace({
  schema,
  emits: { 'cursor:move': { payload: point }, 'cursor:moved': { payload: moved }, typing: {} },
  events: {
    'cursor:move': {
      payload: point,
      preHandler: ({ params }) => expect(params).type.toBe<{ docId: string }>(),
      relay: {
        to({ params, payload, event }) {
          expect(params).type.toBe<{ docId: string }>()
          expect(payload).type.toBe<Point>()
          expect(event.wantsAck).type.toBe<boolean>()
          return `doc:${params.docId}`
        },
        volatile: true,
        membersOnly: false,
      },
    },
    named: {
      payload: z.object({ at: z.string().transform(Number) }),
      errors: { FULL: Type.Integer() },
      relay: {
        to: ['a', 'b'],
        emit: 'cursor:moved',
        data: ({ payload, socket, error }) => {
          if (payload.at > 3) throw error('FULL', 3)
          return { x: payload.at, y: 1, by: socket.id }
        },
      },
    },
    typing: { relay: { emit: 'typing', to: () => undefined } },
    handled: {
      payload: point,
      reply: Type.String(),
      handler: ({ x }, { params }) => {
        expect(params).type.toBe<{ docId: string }>()
        return x.toFixed()
      },
    },
  },
})

test('a relay has the payload of its event and the context of a handler, and its emit is that of clients', () => {
  const all = defineNamespaces({ '/docs/:docId': doc })
  const joined = createClient<typeof all>('').join('/docs/:docId', { docId: '7' })
  joined.on('cursor:move', (payload) => expect(payload).type.toBe<Point>())
  expect(joined.call('cursor:move', { x: 1, y: 2 })).type.toBe<Promise<unknown>>()
  expect(joined.call).type.not.toBeCallableWith('cursor:move', { x: 1 })
  expect(doc).type.toBeAssignableTo<AnyNamespaceDefinition>()
})

test('an event has a handler or a relay: neither is an error, and so are both', () => {
  // @ts-expect-error Property 'handler' is missing in type
  defineNamespace({ events: { x: { payload: point } } })
  // @ts-expect-error Types of property 'relay' are incompatible.
  defineNamespace({ events: { x: { payload: point, handler: () => {}, relay: {} } } })
  // @ts-expect-error Property 'handler' is missing in type
  defineNamespace({ events: { x: { payload: point, reply: point, relay: {} } } })
  // @ts-expect-error Property 'handler' is missing in type
  defineNamespace({ events: { x: { payload: point, stream: point, relay: {} } } })
  // @ts-expect-error but required in type 'HandledEvent'
  defineNamespace({ events: { x: { payload: point }, y: { handler: () => {} } } })
})

test('a wrong option of a relay is an error at the option', () => {
  const emits = { y: { payload: moved } }
  // @ts-expect-error Type 'number' is not assignable to type
  defineNamespace({ events: { x: { payload: point, relay: { to: 3 } } } })
  // @ts-expect-error Object literal may only specify known properties, and 'room' does not exist in type
  defineNamespace({ events: { x: { payload: point, relay: { room: 'x' } } } })
  // @ts-expect-error Type 'Promise<string>' is not assignable to type
  defineNamespace({ events: { x: { payload: point, relay: { to: async () => 'x' } } } })
  // @ts-expect-error Property 'emit' is missing in type '{}' but required in type '{ emit: "y"; }'
  defineNamespace({ emits, events: { x: { payload: point, relay: {} } } })
  // @ts-expect-error Type '"z"' is not assignable to type '"y"'
  defineNamespace({ emits, events: { x: { payload: point, relay: { emit: 'z' } } } })
  // @ts-expect-error Property 'by' is missing in type
  defineNamespace({ emits, events: { x: { payload: point, relay: { emit: 'y', data: ({ payload }) => payload } } } })
  // @ts-expect-error Property 'by' is missing in type
  defineNamespace({ emits, events: { y: { payload: point, relay: { data: ({ payload }) => payload } } } })
})

const contract = defineContract({
  schema,
  emits: { 'cursor:move': { payload: point } },
  events: { 'cursor:move': { payload: point }, save: { payload: point, reply: Type.String() }, tick: {} },
})

test('in the implementation of a contract a relay stands in the place of a handler', () => {
  const handlers = { save: ({ x }: Point) => x.toFixed(), tick: () => {} }
  defineNamespace(contract, {
    handlers: {
      ...handlers,
      'cursor:move': {
        relay: { to: ({ params, payload }) => `${params.docId}:${payload.x}`, volatile: true },
        preHandler: ({ params }) => expect(params).type.toBe<{ docId: string }>(),
      },
      tick: { relay: { emit: 'cursor:move', data: () => ({ x: 1, y: 1 }) } },
    },
  })
  // @ts-expect-error Type '{}' is not assignable to type 'never'
  defineNamespace(contract, { handlers: { ...handlers, 'cursor:move': () => {}, save: { relay: {} } } })
  // @ts-expect-error Property 'emit' is missing in type '{}'
  defineNamespace(contract, { handlers: { ...handlers, 'cursor:move': () => {}, tick: { relay: {} } } })
})

test('an event in a file of its own may be relayed', () => {
  const own = defineEvent({ payload: point, relay: { to: ({ payload }) => String(payload.x) } })
  const based = defineEvent(doc, {
    payload: point,
    relay: {
      emit: 'cursor:moved',
      data: ({ payload, params }) => ({ ...payload, by: params.docId }),
    },
  })
  defineNamespace({ schema, emits: { 'cursor:moved': { payload: moved } }, events: { 'cursor:move': own, based } })
  defineNamespaces({ '/x': { events: { a: { payload: point, relay: { to: ({ payload }) => String(payload.x) } } } } })
  defineNamespaces({ '/docs/:docId': doc })
  defineNamespace({ ...doc, sequential: true })
  // @ts-expect-error Property 'handler' is missing in type
  defineNamespaces({ '/x': { events: { a: { payload: point } } } })
  // @ts-expect-error Property 'handler' is missing in type
  defineEvent({ payload: point })
  // @ts-expect-error Types of property 'relay' are incompatible.
  defineEvent({ payload: point, handler: () => {}, relay: {} })
})
