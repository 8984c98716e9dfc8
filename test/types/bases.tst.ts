import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import type { shop } from '../../examples/orders.js'
import type { ClientSocket } from '../../plugin/client.js'
import { dataType, defineNamespace } from '../../plugin/index.js'

/*
 * Properties that a definition takes from `...base` do not affect the types of its other properties.
 */

const base = defineNamespace({
  schema: { params: Type.Object({ shopId: Type.Integer() }) },
  data: dataType<{ orders: number }>(),
  emits: { asked: { payload: Type.Object({ id: Type.String() }), reply: Type.Integer() } },
})

test('an event in its own file has the error types of the definition that takes it beside a base', async () => {
  const ack = await ({} as ClientSocket<typeof shop>).emitWithAck('order:place', { item: '' })
  if (!ack.ok && ack.error.code === 'TOO_MANY') expect(ack.error.details).type.toBe<{ max: number }>()
})

test('an event that is written beside a base has its error types in its handler, in hooks and in acks', async () => {
  const orders = defineNamespace({
    ...base,
    eventHooks: {
      preHandler: ({ error, params, socket }) => {
        expect(params).type.toBe<{ shopId: number }>()
        expect(socket.data).type.toBe<{ orders: number }>()
        throw error('FULL', { max: 1 })
      },
    },
    events: {
      place: {
        payload: Type.Object({ n: Type.Integer() }),
        errors: { FULL: Type.Object({ max: Type.Integer() }) },
        handler: ({ n }, { emit, error }) => {
          emit('asked', { id: '' })
          expect(error).type.not.toBeCallableWith('FULL', {})
          throw error('FULL', { max: n })
        },
      },
    },
  })
  const more = defineNamespace({
    ...orders,
    events: { ...orders.events, cancel: { errors: { LATE: Type.String() }, handler: () => {} } },
  })
  const socket = {} as ClientSocket<typeof more>
  const placed = await socket.emitWithAck('place', { n: 1 })
  if (!placed.ok && placed.error.code === 'FULL') expect(placed.error.details).type.toBe<{ max: number }>()
  const cancelled = await socket.emitWithAck('cancel')
  if (!cancelled.ok && cancelled.error.code === 'LATE') expect(cancelled.error.details).type.toBe<string>()
})

test('a definition may declare more emits than its base', () => {
  const talkative = defineNamespace({
    ...base,
    emits: { ...base.emits, closed: { payload: Type.String() } },
    onConnect: ({ emit }) => void emit('closed', 'x'),
    events: { x: { handler: (_payload, { emit }) => void emit('closed', 'x') } },
  })
  const socket = {} as ClientSocket<typeof talkative>
  socket.on('closed', (text) => expect(text).type.toBe<string>())
  socket.on('asked', (_payload, answer) => expect(answer).type.toBeCallableWith(1))
})

test('a definition may declare more in its `schema` and its `data` than its base', () => {
  defineNamespace({
    ...base,
    schema: { params: Type.Object({ shopId: Type.Integer() }), auth: Type.Object({ token: Type.String() }) },
    data: dataType<{ orders: number; name: string }>(),
    onRequest: async ({ body }) => expect(body).type.toBe<{ token: string }>(),
    expiresAt: ({ body }) => {
      expect(body).type.toBe<{ token: string }>()
      return undefined
    },
    onDisconnect: ({ socket }) => expect(socket.data).type.toBe<{ orders: number; name: string }>(),
    events: {
      x: {
        handler: (_payload, { params, request }) => {
          expect(params).type.toBe<{ shopId: number }>()
          expect(request.body).type.toBe<{ token: string }>()
        },
      },
    },
  })
})
