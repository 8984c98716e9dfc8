import Fastify from 'fastify'
import type { Socket } from 'socket.io-client'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import type { ClientSocket } from '../../plugin/client.js'
import { defineNamespace, type InjectedSocket } from '../../plugin/index.js'

const chat = defineNamespace({
  emits: {
    'message:new': { payload: Type.Object({ text: Type.String() }) },
    'clock:tick': { payload: z.string().transform((text) => new Date(text)) },
    poll: { payload: Type.String(), reply: Type.Object({ choice: Type.Integer() }) },
    bye: {},
  },
  events: {
    'message:send': {
      payload: Type.Object({ text: Type.String() }),
      reply: Type.Object({ id: Type.String() }),
      errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
      handler: () => ({ id: '1' }),
    },
  },
})
const app = Fastify()

test('with a definition, a client is its ClientSocket, and nextEvent has the types of the payloads', async () => {
  const client = await app.injectSocket<typeof chat>('/chat')
  expect(client).type.toBe<InjectedSocket<typeof chat>>()
  expect(client).type.toBeAssignableTo<ClientSocket<typeof chat>>()
  expect(await client.nextEvent('message:new')).type.toBe<{ text: string }>()
  expect(await client.nextEvent('clock:tick')).type.toBe<Date>()
  expect(await client.nextEvent('poll')).type.toBe<string>()
  expect(await client.nextEvent('bye')).type.toBe<undefined>()
  expect(client.nextEvent).type.not.toBeCallableWith('unknown')
  expect(client.emit).type.not.toBeCallableWith('message:send', { text: 1 })
  expect(client.emit).type.not.toBeCallableWith('unknown')

  const ack = await client.emitWithAck('message:send', { text: 'hi' })
  if (ack.ok) expect(ack.data).type.toBe<{ id: string }>()
  else if (ack.error.code === 'ROOM_FULL') expect(ack.error.details).type.toBe<{ max: number }>()
  expect(client.close()).type.toBe<Promise<void>>()
})

test("without a definition, everything is allowed, as in Socket.IO's client", async () => {
  const client = await app.injectSocket('/chat')
  expect(client).type.toBe<InjectedSocket>()
  expect(client).type.toBeAssignableTo<Socket>()
  expect(client.emit).type.toBeCallableWith('message:send', { text: 1 })
  expect(client.nextEvent).type.toBeCallableWith('anything')
  expect(client.nextEvent('anything')).type.toBeAssignableTo<Promise<{ text: string }>>()
})

test('another namespace has the type of its own definition', async () => {
  const client = await app.injectSocket('/other')
  const joined = await client.join<typeof chat>('/chat', { auth: { token: 'abc' } })
  expect(joined).type.toBe<InjectedSocket<typeof chat>>()
})

test('options are checked', () => {
  expect(app.injectSocket).type.toBeCallableWith('/chat', {
    auth: { token: 'abc', tags: ['a'] },
    headers: { 'x-tenant': 'acme' },
    cookies: { session: 'abc' },
    query: { page: 'home' },
    transport: 'upgrade',
  })
  expect(app.injectSocket).type.not.toBeCallableWith()
  expect(app.injectSocket).type.not.toBeCallableWith('/chat', { transport: 'webtransport' })
  expect(app.injectSocket).type.not.toBeCallableWith('/chat', { token: 'abc' })
})
