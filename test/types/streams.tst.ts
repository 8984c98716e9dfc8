import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import { type AnyNamespaceDefinition, defineEvent, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const line = Type.Object({ line: Type.String(), level: Type.Union([Type.Literal('info'), Type.Literal('error')]) })

const logs = defineNamespace({
  schema: { params: Type.Object({ app: Type.String() }) },
  events: {
    'log:tail': {
      summary: 'The lines of a file',
      tags: ['logs'],
      examples: [{ file: 'app.log' }],
      payload: Type.Object({ file: Type.String() }),
      stream: line,
      reply: Type.Object({ lines: Type.Integer() }),
      errors: { NO_FILE: Type.Object({ file: Type.String() }) },
      credits: 32,
      readTimeoutMs: 5_000,
      itemId: (item) => {
        expect(item).type.toBe<{ line: string; level: 'info' | 'error' }>()
        return item.line
      },
      handler: async function* ({ file }, { error, lastId, params, signal }) {
        expect(file).type.toBe<string>()
        expect(lastId).type.toBe<string | number | undefined>()
        expect(params).type.toBe<{ app: string }>()
        expect(signal).type.toBe<AbortSignal>()
        expect(error).type.not.toBeCallableWith('NO_FILE', {})
        if (file === '') throw error('NO_FILE', { file })
        yield { line: 'one', level: 'info' }
        return { lines: 1 }
      },
    },
    numbers: { stream: { type: 'integer' }, handler: () => [1, 2, 3] },
    lazy: {
      stream: z.string().transform(Number),
      itemId: (item) => {
        expect(item).type.toBe<number>()
        return item
      },
      handler: async () => new Set(['1', '2']),
    },
    sync: {
      stream: v.picklist(['a', 'b']),
      reply: Type.Boolean(),
      handler: function* () {
        yield 'a'
        return true
      },
    },
    plain: { payload: Type.String(), reply: Type.Integer(), handler: (payload) => payload.length },
  },
})

test('a definition with streams fits into a list, and its other events are not streams', () => {
  expect(logs).type.toBeAssignableTo<AnyNamespaceDefinition>()
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { plain: { reply: Type.Integer(), handler: () => [1] } },
  })
})

test('the handler of a stream returns an iterable of items', () => {
  const stream = Type.Integer()
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { stream, handler: () => 1 } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { stream, handler: () => {} } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { stream, handler: () => ['one'] } } })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: {
      x: {
        stream,
        handler: async function* () {
          yield 'one'
        },
      },
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { x: { stream, itemId: () => true, handler: () => [1] } },
  })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { x: { stream, credits: '16', handler: () => [1] } },
  })
})

test('the return value of a stream fits its reply', () => {
  const stream = Type.Integer()
  const reply = Type.Object({ count: Type.Integer() })
  defineNamespace({
    events: {
      right: {
        stream,
        reply,
        handler: async function* () {
          yield 1
          return { count: 1 }
        },
      },
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: {
      x: {
        stream,
        reply,
        handler: async function* () {
          yield 1
          return { count: 'one' }
        },
      },
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: {
      x: {
        stream,
        reply,
        handler: async function* () {
          yield 1
        },
      },
    },
  })
})

test('defineEvent() and defineNamespaces() infer streams', () => {
  const tail = defineEvent({
    payload: Type.String(),
    stream: line,
    itemId: (item) => item.line,
    handler: async function* (payload) {
      expect(payload).type.toBe<string>()
      yield { line: payload, level: 'error' }
    },
  })
  expect(defineEvent).type.not.toBeCallableWith({ stream: line, handler: () => [1] })
  const all = defineNamespaces({
    '/logs': { events: { tail } },
    '/numbers': {
      events: {
        count: {
          stream: Type.Integer(),
          handler: async function* (_payload, { lastId }) {
            yield Number(lastId ?? 0) + 1
          },
        },
      },
    },
    '/plain': { events: { say: { payload: Type.String(), handler: (payload) => payload.length } } },
  })
  expect(all['/logs']).type.toBeAssignableTo<AnyNamespaceDefinition>()
  expect(defineNamespaces).type.not.toBeCallableWith({
    '/x': { events: { x: { stream: Type.Integer(), handler: () => ['one'] } } },
  })
})

test('a definition, its events and its emits say what they are for', () => {
  defineNamespace({
    summary: 'Chat',
    description: 'Rooms and messages.',
    tags: ['chat'],
    deprecated: true,
    hide: false,
    contractMismatch: 'refuse',
    events: { say: { description: 'Says', deprecated: true, hide: true, handler: () => {} } },
    emits: { said: { payload: Type.String(), summary: 'Said', tags: ['chat'], examples: ['hi'], hide: true } },
  })
  expect(defineNamespace).type.not.toBeCallableWith({ tags: 'chat' })
  expect(defineNamespace).type.not.toBeCallableWith({ contractMismatch: 'no' })
  expect(defineNamespace).type.not.toBeCallableWith({ emits: { said: { tags: 'chat' } } })
})
