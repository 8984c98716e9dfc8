import type { FastifyInstance, FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import type { ClientSocket } from '../../plugin/client.js'
import { defineNamespace, type NamespacesOptions } from '../../plugin/index.js'

const chat = defineNamespace({ emits: { hi: { payload: Type.String() } } })
const silent = defineNamespace({})

test('a client of any namespace receives the reason of a disconnect', () => {
  const socket = {} as ClientSocket<typeof chat>
  socket.on('hi', (text) => expect(text).type.toBe<string>())
  socket.on('namespace:disconnect', ({ code, statusCode, message }) => {
    expect(code).type.toBe<'FST_NSP_IDENTITY_EXPIRED' | 'FST_NSP_USER_DISCONNECTED' | 'FST_NSP_CLOSING'>()
    expect(statusCode).type.toBe<number>()
    expect(message).type.toBe<string>()
  })
  const silentSocket = {} as ClientSocket<typeof silent>
  silentSocket.on('namespace:disconnect', ({ code }) => expect(code).type.toBeAssignableTo<string>())
  expect(silentSocket.on).type.not.toBeCallableWith('hi', () => {})
})

test('disconnectUser takes an id, and optionally a reason', () => {
  const app = {} as FastifyInstance
  expect(app.disconnectUser(7)).type.toBe<number>()
  expect(app.disconnectUser('ada', 'Banned')).type.toBe<number>()
  expect(app.disconnectUser).type.not.toBeCallableWith(undefined)
})

test('userIdOf receives a request', () => {
  expect<NamespacesOptions>().type.toBeAssignableFrom({ userIdOf: (request: FastifyRequest) => request.ip })
  expect<NamespacesOptions>().type.toBeAssignableFrom({ userIdOf: () => undefined })
  expect<NamespacesOptions>().type.not.toBeAssignableFrom({ userIdOf: () => ({ id: 1 }) })
})
