import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { z } from 'zod'
import { createClient } from '../../plugin/client.js'
import { dataType, defineContract } from '../../plugin/contract.js'
import { type AnyNamespaceDefinition, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const contract = defineContract({
  summary: 'Chat',
  schema: { params: Type.Object({ orgId: Type.Integer() }), auth: Type.Object({ token: Type.String() }) },
  data: dataType<{ name: string }>(),
  emits: { said: { payload: Type.Object({ text: Type.String() }), summary: 'Somebody said something' } },
  events: {
    say: {
      payload: z.object({ text: z.string(), at: z.string().transform((text) => new Date(text)) }),
      reply: Type.Object({ id: Type.String(), kind: Type.Union([Type.Literal('a'), Type.Literal('b')]) }),
      errors: { FULL: Type.Object({ max: Type.Integer() }) },
      examples: [{ text: 'hi', at: '2030-01-01' }],
    },
    tail: {
      stream: Type.Object({ line: Type.String(), level: Type.Union([Type.Literal('info'), Type.Literal('error')]) }),
      itemId: (item) => item.line,
      credits: 4,
    },
    bare: {},
  },
})

const org = defineNamespace(contract, {
  onRequest: async (request) => {
    expect(request.params).type.toBe<{ orgId: number }>()
    expect(request.body).type.toBe<{ token: string }>()
  },
  onConnect: ({ socket, emit, params }) => {
    expect(socket.data).type.toBe<{ name: string }>()
    expect(params).type.toBe<{ orgId: number }>()
    emit('said', { text: 'hi' })
    expect(emit).type.not.toBeCallableWith('said', { text: 1 })
  },
  sequential: true,
  contractMismatch: 'refuse',
  handlers: {
    say: async (payload, { error, params, emit }) => {
      expect(payload).type.toBe<{ text: string; at: Date }>()
      expect(params).type.toBe<{ orgId: number }>()
      emit('said', { text: payload.text })
      if (payload.text === '') throw error('FULL', { max: 3 })
      expect(error).type.not.toBeCallableWith('FULL', {})
      return { id: '1', kind: 'a' }
    },
    tail: {
      preHandler: ({ params }) => expect(params).type.toBe<{ orgId: number }>(),
      handlerTimeoutMs: 0,
      handler: async function* (_payload, { lastId }) {
        yield { line: String(lastId), level: 'info' }
      },
    },
    bare: (payload) => expect(payload).type.toBe<unknown>(),
  },
})

test('the implementation of a contract has the types of the contract', async () => {
  expect(org).type.toBeAssignableTo<AnyNamespaceDefinition>()
  const all = defineNamespaces({ '/orgs/:orgId': org, '/plain': {} })
  for (const client of [createClient<typeof all>(''), createClient<{ '/orgs/:orgId': typeof contract }>('')]) {
    const joined = client.join('/orgs/:orgId', { orgId: 1 })
    expect(await joined.call('say', { text: 'hi', at: '2030-01-01' })).type.toBe<{ id: string; kind: 'a' | 'b' }>()
    expect(joined.call).type.not.toBeCallableWith('say', { text: 'hi', at: new Date() })
    for await (const { level } of joined.stream('tail')) expect(level).type.toBe<'info' | 'error'>()
    joined.on('said', ({ text }) => expect(text).type.toBe<string>())
  }
})

const small = defineContract({
  events: {
    one: { payload: Type.String(), reply: Type.Object({ id: Type.String() }) },
    two: { stream: Type.Integer() },
  },
})
const handlers = { one: () => ({ id: '1' }), two: () => [1] }

test('a handler that is missing is an error that names it', () => {
  defineNamespace(small, { handlers })
  // @ts-expect-error Property 'two' is missing in type
  defineNamespace(small, { handlers: { one: () => ({ id: '1' }) } })
  // @ts-expect-error Property 'handlers' is missing in type '{}'
  defineNamespace(small, {})
})

test('a handler that is wrong is an error at its return value', () => {
  // @ts-expect-error Type 'number' is not assignable to type 'string'
  defineNamespace(small, { handlers: { ...handlers, one: () => ({ id: 1 }) } })
  // @ts-expect-error Type '() => Promise<{}>' is not assignable to type 'HandlerFor<string
  defineNamespace(small, { handlers: { one: async () => ({}), two: () => [1] } })
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  defineNamespace(small, { handlers: { ...handlers, two: () => ['one'] } })
  // @ts-expect-error Type 'number' is not assignable to type 'string'
  defineNamespace(small, { handlers: { ...handlers, one: { handler: () => ({ id: 1 }) } } })
})

test('a handler that the contract does not have is an error that names it', () => {
  // @ts-expect-error Type '() => void' is not assignable to type 'NotInContract'
  defineNamespace(small, { handlers: { one: () => ({ id: '1' }), two: () => [1], three: () => {} } })
  // @ts-expect-error Object literal may only specify known properties, and 'emits' does not exist in type
  defineNamespace(small, { handlers, emits: {} })
})

test('a contract has no handlers, hooks or unknown keys', () => {
  const handler = () => {}
  expect(defineContract).type.not.toBeCallableWith({ events: { x: { handler } } })
  expect(defineContract).type.not.toBeCallableWith({ onConnect: handler })
  expect(defineContract).type.not.toBeCallableWith({ schema: { body: Type.String() } })
  expect(defineContract).type.not.toBeCallableWith({ events: { x: { payload: Type.String(), unknown: 1 } } })
})
