import Fastify from 'fastify'
import pg from 'pg'
import { describe, expect, test } from 'tstyche'
import { Type } from 'typebox'
import { defineNamespace, type LiveAddress, type SqlClient } from '../../plugin/index.js'

const app = Fastify()
const chat = defineNamespace({
  schema: { params: Type.Object({ orgId: Type.Integer() }) },
  emits: {
    'message:new': { payload: Type.Object({ text: Type.String() }) },
    'vote:ask': { payload: Type.String(), reply: Type.Boolean() },
  },
})

describe('app.namespaceOf', () => {
  test('takes the params of the definition', () => {
    app.namespaceOf(chat, { orgId: 42 })
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    app.namespaceOf(chat, { orgId: 'x' })
  })

  test('has the emits of the definition', () => {
    const reach = app.namespaceOf(chat, { orgId: 42 })
    reach.emit('message:new', { text: 'hi' })
    reach.to('members').except('x').emit('message:new', { text: 'hi' })
    // @ts-expect-error Type 'number' is not assignable to type 'string'
    reach.emit('message:new', { text: 1 })
    // @ts-expect-error not assignable to parameter of type
    reach.emit('message:old', { text: 'hi' })
    expect(reach.ask('vote:ask', 'now?')).type.toBe<Promise<{ answers: Map<string, boolean>; missing: string[] }>>()
    expect(reach.address).type.toBe<string>()
  })

  test('emits in a transaction with the same types, with a client of pg or the sql of a handler', () => {
    const reach = app.namespaceOf(chat, { orgId: 42 })
    expect(reach.to('members').emitIn(new pg.Client(), 'message:new', { text: 'hi' })).type.toBe<Promise<void>>()
    reach.emitIn({} as SqlClient, 'vote:ask', 'now?')
    // @ts-expect-error Type 'number' is not assignable to type 'string'
    reach.emitIn({} as SqlClient, 'message:new', { text: 1 })
    // @ts-expect-error not assignable to parameter of type
    reach.emitIn({} as SqlClient, 'message:old', { text: 'hi' })
  })

  test('has no types for a namespace that is given by its name', () => {
    app.namespaceOf('/orgs/:orgId', { orgId: 42 }).emit('anything', 1)
  })
})

describe('an audience', () => {
  test('has the operators of Socket.IO, typed by the emits and their replies', async () => {
    const reach = app.namespaceOf(chat, { orgId: 42 })
    reach.volatile.local.compress(false).in('members').emit('message:new', { text: 'hi' })
    expect(reach.volatile.emit).type.not.toBeCallableWith('message:new', { text: 1 })
    reach.timeout(5).emit('vote:ask', 'now?', (error, answers) => {
      expect(error).type.toBe<Error | null>()
      expect(answers).type.toBe<boolean[]>()
    })
    expect(await reach.timeout(5).to('members').emitWithAck('vote:ask', 'now?')).type.toBe<boolean[]>()
    expect(reach.timeout(5).emitWithAck).type.not.toBeCallableWith('vote:ask', 1)
    defineNamespace({
      emits: { ask: { payload: Type.String(), reply: Type.Integer() } },
      onConnect: ({ emit }) => {
        emit.volatile('ask', 'x')
        emit.compress(false).timeout(5)('ask', 'x', (error, answer) => {
          expect(error).type.toBe<Error | null>()
          expect(answer).type.toBe<number | undefined>()
        })
        expect(emit.volatile).type.not.toBeCallableWith('ask', 1)
      },
    })
  })

  test('reaches a user by the emits of a definition, or anything', () => {
    app.userOf('ada', chat).volatile.emit('message:new', { text: 'hi' })
    expect(app.userOf('ada', chat).emit).type.not.toBeCallableWith('message:new', { text: 1 })
    expect(app.userOf('ada', chat).emit).type.not.toBeCallableWith('message:old')
    app.userOf(7).emit('anything', 1)
    expect(app.userOf).type.not.toBeCallableWith(undefined)
  })
})

test('app.addressesOf has the params of the definition', () => {
  expect(app.addressesOf(chat)).type.toBe<LiveAddress<typeof chat>[]>()
  for (const { address, params } of app.addressesOf(chat)) {
    expect(address).type.toBe<string>()
    expect(params.orgId).type.toBe<number>()
  }
})
