import Fastify from 'fastify'
import type { Server } from 'socket.io'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import type { ClientSocket } from '../../plugin/client.js'
import namespaces, {
  type AnyNamespaceDefinition,
  defineNamespace,
  type InputOf,
  type OutputOf,
} from '../../plugin/index.js'

const chat = defineNamespace({
  emits: {
    'message:new': { payload: Type.Object({ text: Type.String(), tags: Type.Optional(Type.Array(Type.String())) }) },
    count: { payload: { type: 'integer' } },
    bye: {},
  },
  onConnect: ({ emit, namespace, socket, to }) => {
    emit('message:new', { text: 'hi' })
    namespace.emit('count', 1)
    to('members').emit('bye')
    socket.emit('bye')

    expect(emit).type.not.toBeCallableWith('message:new', { text: 1 })
    expect(emit).type.not.toBeCallableWith('message:new')
    expect(emit).type.not.toBeCallableWith('bye', 1)
    expect(emit).type.not.toBeCallableWith('unknown')
    expect(namespace.emit).type.not.toBeCallableWith('count', 'one')
  },
  onDisconnect: ({ reason, rooms }) => {
    expect(reason).type.toBeAssignableTo<string>()
    expect(rooms).type.toBe<ReadonlySet<string>>()
  },
})

test("a client has the types of the namespace's emits", () => {
  const socket = {} as ClientSocket<typeof chat>
  socket.on('message:new', (message) => {
    expect(message).type.toBe<{ text: string; tags?: string[] }>()
  })
  socket.on('count', (count) => {
    expect(count).type.toBe<number>()
  })
  expect(socket.on<'bye'>).type.toBeCallableWith('bye', () => {})
  expect(socket.on).type.not.toBeCallableWith('unknown', () => {})
})

test('definitions with different types fit into one list', () => {
  expect(chat).type.toBeAssignableTo<AnyNamespaceDefinition>()
  const app = Fastify()
  app.register(namespaces, {
    namespaces: {
      '/chat': chat,
      '/plain': { onConnect: ({ namespace }) => void namespace.emit('hi', 'Hello everyone!') },
    },
  })
  expect(app.io).type.toBe<Server>()
  expect(app.printNamespaces()).type.toBe<string>()
  app.namespace('/a', { emits: { n: { payload: { type: 'number' } } }, onConnect: ({ emit }) => void emit('n', 1) })
  expect(app.namespace).type.not.toBeCallableWith('/a', { onConect: () => {} })
  expect(app.register).type.not.toBeCallableWith(namespaces, { namespace: {} })
})

test('conflate receives the payload as a client does, and returns a key', () => {
  defineNamespace({
    emits: {
      price: {
        payload: Type.Object({ symbol: Type.String() }),
        conflate: (payload) => {
          expect(payload).type.toBe<{ symbol: string }>()
          return payload.symbol
        },
      },
      count: { payload: { type: 'integer' }, conflate: (count) => (count > 1 ? count : undefined) },
      state: { conflate: () => 'state' },
      line: { payload: Type.String(), dropOldest: 100 },
    },
    onConnect: ({ emit }) => {
      emit('price', { symbol: 'A' })
      expect(emit).type.not.toBeCallableWith('price', { symbol: 1 })
      emit('state')
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({ emits: { a: { conflate: () => ({}) } } })
  expect(defineNamespace).type.not.toBeCallableWith({ emits: { a: { dropOldest: '1' } } })
})

test('each kind of schema is typed', () => {
  expect<OutputOf<{ type: 'object'; properties: { id: { type: 'string' } }; required: ['id'] }>>().type.toBe<{
    id: string
  }>()
  const text = Type.String()
  expect<InputOf<typeof text>>().type.toBe<string>()
})

test('the functions of retain receive the payload', () => {
  defineNamespace({
    emits: {
      'price:new': {
        payload: Type.Object({ symbol: Type.String(), value: Type.Number() }),
        retain: {
          key: (price) => {
            expect(price).type.toBe<{ symbol: string; value: number }>()
            return price.symbol
          },
          isRemoval: ({ value }) => value < 0,
        },
      },
      'line:new': { payload: Type.String(), retain: 20 },
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({ emits: { x: { retain: { count: 1 } } } })
})
