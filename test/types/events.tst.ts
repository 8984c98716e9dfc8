import { Type as LegacyType } from '@sinclair/typebox'
import { type as ark } from 'arktype'
import Fastify from 'fastify'
import type { RemoteSocket, Socket as ServerSocket } from 'socket.io'
import type { Socket as StockSocket } from 'socket.io-client'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import type { ClientSocket } from '../../plugin/client.js'
import { defineContract } from '../../plugin/contract.js'
import namespaces, {
  type AnyNamespaceDefinition,
  dataType,
  defineEvent,
  defineNamespace,
  defineNamespaces,
  type SqlClient,
  type SqlResult,
} from '../../plugin/index.js'
import { createPostgresStore } from '../../plugin/stores.js'

const chat = defineNamespace({
  emits: {
    'message:new': { payload: Type.Object({ text: Type.String() }) },
    'clock:tick': { payload: z.string().transform((text) => new Date(text)) },
    poll: { payload: Type.String(), reply: Type.Object({ choice: Type.Integer() }) },
    'who:are:you': { reply: { type: 'string' } },
    bye: {},
  },
  onConnect: async ({ ask }) => {
    expect(await ask('poll', 'tea?')).type.toBe<{ choice: number }>()
    expect(await ask('poll', 'tea?', { timeoutMs: 1 })).type.toBe<{ choice: number }>()
    expect(await ask('who:are:you')).type.toBe<string>()
    expect(await ask('who:are:you', undefined, { timeoutMs: 1 })).type.toBe<string>()
    expect(await ask('bye')).type.toBe<unknown>()
    expect(ask).type.not.toBeCallableWith('poll', 1)
    expect(ask).type.not.toBeCallableWith('poll')
    expect(ask).type.not.toBeCallableWith('unknown')
    expect(ask).type.not.toBeCallableWith('who:are:you', { timeoutMs: 1 })
  },
  events: {
    json: {
      payload: {
        type: 'object',
        properties: { id: { type: 'string' }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
        required: ['id'],
        additionalProperties: false,
      },
      reply: { type: 'integer' },
      handler: (payload) => {
        expect(payload.id).type.toBe<string>()
        expect(payload.tags).type.toBe<('a' | 'b')[] | undefined>()
        return 1
      },
    },
    typebox: {
      payload: Type.Object({ text: Type.String(), n: Type.Optional(Type.Integer()) }),
      reply: Type.Object({ id: Type.String() }),
      errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }), BANNED: z.object({ until: z.string() }) },
      handler: async (payload, { ask, emit, error, to }) => {
        expect(payload).type.toBe<{ text: string; n?: number }>()
        emit('message:new', payload)
        emit('clock:tick', '2030-01-01')
        to('room').emit('message:new', { text: 'hi' })
        const { answers, missing } = await to(['a', 'b']).except('c').ask('poll', 'tea?', { timeoutMs: 10 })
        expect(answers).type.toBe<Map<string, { choice: number }>>()
        expect(missing).type.toBe<string[]>()
        expect(await ask('poll', 'tea?')).type.toBe<{ choice: number }>()

        expect(emit).type.not.toBeCallableWith('message:new', { text: 1 })
        expect(emit).type.not.toBeCallableWith('clock:tick', new Date())
        expect(emit).type.not.toBeCallableWith('bye', 1)
        expect(emit).type.not.toBeCallableWith('unknown')
        expect(to('room').emit).type.not.toBeCallableWith('message:new', 'hi')
        expect(to('room').ask).type.not.toBeCallableWith('poll', 1)

        expect(error).type.toBeCallableWith('ROOM_FULL', { max: 3 })
        expect(error).type.toBeCallableWith('BANNED', { until: 'tomorrow' })
        expect(error).type.not.toBeCallableWith('ROOM_FULL', { max: 'three' })
        expect(error).type.not.toBeCallableWith('ROOM_FULL', { until: 'tomorrow' })
        expect(error).type.not.toBeCallableWith('ROOM_FULL')
        expect(error).type.not.toBeCallableWith('ROOM_EMPTY', {})
        if (payload.n === 1) throw error('ROOM_FULL', { max: 3 })
        return { id: '1' }
      },
    },
    legacy: {
      payload: LegacyType.Object({ a: LegacyType.Number() }),
      reply: LegacyType.Number(),
      handler: (payload) => {
        expect(payload).type.toBe<{ a: number }>()
        return payload.a
      },
    },
    zod: {
      payload: z.object({ when: z.string().transform((text) => new Date(text)), limit: z.number().default(10) }),
      reply: z.string().transform(Number),
      handler: (payload) => {
        expect(payload).type.toBe<{ when: Date; limit: number }>()
        return '1'
      },
    },
    valibot: {
      payload: v.object({
        when: v.pipe(
          v.string(),
          v.transform((text) => new Date(text)),
        ),
      }),
      reply: v.string(),
      async handler(payload, { emit }) {
        expect(payload).type.toBe<{ when: Date }>()
        emit('bye')
        return 'done'
      },
    },
    ark: {
      payload: ark({ k: 'string', 'n?': 'number' }),
      reply: ark({ k: 'string' }),
      handler: (payload) => {
        expect(payload).type.toBe<{ k: string; n?: number }>()
        return { k: payload.k }
      },
    },
    bare: {
      handler: (payload, { event, signal }) => {
        expect(payload).type.toBe<unknown>()
        expect(event.name).type.toBe<string>()
        expect(signal).type.toBe<AbortSignal>()
      },
    },
    replyOnly: { reply: Type.Number(), handler: () => 3 },
    errorsOnly: {
      errors: { NO: Type.Object({ why: Type.String() }) },
      handler: (_payload, { error }) => {
        throw error('NO', { why: 'because' })
      },
    },
  },
})

test('a handler that returns a value that does not match its reply is an error', () => {
  const reply = Type.Object({ id: Type.String() })
  defineNamespace({ events: { right: { reply, handler: () => ({ id: '1' }) } } })
  defineNamespace({ events: { right: { reply, handler: async () => ({ id: '1' }) } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply, handler: () => ({ id: 1 }) } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply, handler: async () => ({}) } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply, handler: () => {} } } })
  // a reply accepts the input of a transform
  const transform = z.string().transform(Number)
  defineNamespace({ events: { right: { reply: transform, handler: () => '1' } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply: transform, handler: () => 1 } } })
})

test('the return value of a handler is a literal if its reply declares one, and may be readonly', () => {
  interface Tree {
    name: string
    children: Tree[]
  }
  const state = Type.Union([Type.Literal('open'), Type.Literal('closed')])
  const list = v.object({ list: v.array(v.picklist(['a', 'b'])) })
  const tuple = z.tuple([z.string(), z.number()])
  const dated = z.object({ at: z.date(), rooms: z.map(z.string(), z.array(z.string())), any: z.unknown() })
  defineNamespace({
    events: {
      literal: { reply: state, handler: () => 'open' },
      nested: { reply: Type.Object({ state }), handler: async () => ({ state: 'open' }) },
      empty: { reply: Type.Array(Type.String()), handler: () => [] },
      list: { reply: list, handler: async () => ({ list: ['a', 'b'] }) },
      listOf: { payload: state, reply: Type.Array(state), handler: async (payload) => [payload, 'open'] },
      tuple: { reply: tuple, handler: () => ['a', 1] },
      tree: { reply: Type.Unsafe<Tree>({}), handler: () => ({ name: 'a', children: [{ name: 'b', children: [] }] }) },
      dated: { reply: dated, handler: () => ({ at: new Date(0), rooms: new Map([['a', ['b']]]), any: [1] }) },
    },
  })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply: state, handler: () => 'ajar' } } })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { wrong: { reply: list, handler: () => ({ list: ['c'] }) } },
  })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { wrong: { reply: tuple, handler: () => ['a', 'b'] } } })
  expect(defineNamespace).type.not.toBeCallableWith({
    events: { wrong: { reply: dated, handler: () => ({ at: 'now' }) } },
  })
})

test('a definition with an unknown key, or an event without a handler, is an error', () => {
  expect(defineNamespace).type.not.toBeCallableWith({ onConect: () => {} })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { payload: Type.String() } } })
  expect(defineNamespace).type.not.toBeCallableWith({ events: { x: { handler: 'x' } } })
})

test('a client sends the input type of a payload', () => {
  const socket = {} as ClientSocket<typeof chat>
  socket.emit('zod', { when: '2030-01-01' }, () => {})
  socket.emit('zod', { when: '2030-01-01', limit: 1 }, () => {})
  socket.emit('json', { id: 'x', tags: ['a'] }, () => {})
  socket.emit('legacy', { a: 1 }, () => {})
  socket.emit('valibot', { when: '2030-01-01' }, () => {})
  socket.emit('ark', { k: 'x' }, () => {})
  socket.emit('bare')
  socket.emit('bare', { any: 'thing' })
  const send = socket.emit
  expect(send).type.not.toBeCallableWith('zod', { when: new Date() }, () => {})
  expect(send).type.not.toBeCallableWith('json', { id: 1 }, () => {})
  expect(send).type.not.toBeCallableWith('json', { id: 'x', tags: ['c'] }, () => {})
  expect(send).type.not.toBeCallableWith('legacy', { a: 'x' }, () => {})
  expect(send).type.not.toBeCallableWith('valibot', {}, () => {})
  expect(send).type.not.toBeCallableWith('ark', { k: 1 }, () => {})
  expect(send).type.not.toBeCallableWith('unknown')
})

test('`ok` narrows an ack: to the data, or to an error with the details of its code', async () => {
  const socket = {} as ClientSocket<typeof chat>
  const ack = await socket.emitWithAck('typebox', { text: 'hi' })
  if (ack.ok) {
    expect(ack.data).type.toBe<{ id: string }>()
    expect(ack).type.not.toHaveProperty('error')
    return
  }
  expect(ack).type.not.toHaveProperty('data')
  expect(ack.error.code).type.toBe<string>()
  expect(ack.error.statusCode).type.toBe<number>()
  expect(ack.error.message).type.toBe<string>()
  if (ack.error.code === 'ROOM_FULL') expect(ack.error.details).type.toBe<{ max: number }>()
  else if (ack.error.code === 'BANNED') expect(ack.error.details).type.toBe<{ until: string }>()
  else expect(ack.error.details).type.toBe<unknown>()
})

test("an ack may have any code, and the plugin's own codes have their details", async () => {
  const socket = {} as ClientSocket<typeof chat>
  const ack = await socket.emitWithAck('typebox', { text: 'hi' })
  if (ack.ok) return
  expect(ack.error.details).type.toBe<unknown>()
  if (ack.error.code === 'NO_ORDER') expect(ack.error.message).type.toBe<string>()
  if (ack.error.code === 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED') expect(ack.error.statusCode).type.toBe<number>()
  if (ack.error.code === 'FST_NSP_REFUSED') expect(ack.error.details).type.toBe<unknown>()
  if (ack.error.code === 'FST_NSP_INTERNAL') expect(ack.error.details).type.toBe<{ id: string } | undefined>()
  if (ack.error.code === 'FST_NSP_EVENT_INVALID') {
    expect(ack.error.details).type.toBe<{ path: string; message: string }[]>()
  }
  switch (ack.error.code) {
    case 'FST_NSP_RATE_LIMITED':
      return expect(ack.error.details).type.toBe<{ retryAfterMs: number }>()
    case 'BANNED':
      return expect(ack.error.details).type.toBe<{ until: string }>()
    default:
      return expect(ack.error.details).type.toBe<unknown>()
  }
})

test("an ack's data has the output type of its reply", () => {
  const socket = {} as ClientSocket<typeof chat>
  socket.emit('json', { id: 'x' }, (ack) => {
    if (ack.ok) expect(ack.data).type.toBe<number>()
    else expect(ack.error.code).type.toBe<string>()
  })
  socket.emit('zod', { when: '2030-01-01' }, (ack) => {
    if (ack.ok) expect(ack.data).type.toBe<number>()
  })
  socket.emit('ark', { k: 'x' }, (ack) => {
    if (ack.ok) expect(ack.data).type.toBe<{ k: string }>()
  })
  socket.emit('errorsOnly', undefined, (ack) => {
    if (!ack.ok && ack.error.code === 'NO') expect(ack.error.details).type.toBe<{ why: string }>()
  })
})

test('a client receives the output type of an emit, and answers with the input type of its reply', () => {
  const socket = {} as ClientSocket<typeof chat>
  socket.on('message:new', (message) => expect(message).type.toBe<{ text: string }>())
  socket.on('clock:tick', (when) => expect(when).type.toBe<Date>())
  socket.on('poll', (question, answer) => {
    expect(question).type.toBe<string>()
    expect(answer).type.toBeCallableWith({ choice: 1 })
    expect(answer).type.not.toBeCallableWith({ choice: 'one' })
  })
  socket.on('who:are:you', (answer) => answer('Ann'))
  socket.on('bye', () => {})
  expect(socket.on).type.not.toBeCallableWith('unknown', () => {})
  expect(socket.on).type.not.toBeCallableWith('bye', (_message: string) => {})
})

test('app.namespace() infers from a literal argument', () => {
  const app = Fastify()
  app.namespace('/x', {
    emits: { n: { payload: { type: 'number' } }, ask: { reply: Type.String() } },
    events: {
      say: {
        payload: Type.Object({ text: Type.String() }),
        reply: z.number(),
        errors: { FULL: Type.Object({ max: Type.Integer() }) },
        handler: async (payload, { ask, emit, error }) => {
          expect(payload).type.toBe<{ text: string }>()
          expect(await ask('ask')).type.toBe<string>()
          expect(emit).type.not.toBeCallableWith('n', 'one')
          expect(error).type.not.toBeCallableWith('FULL', { max: 'one' })
          emit('n', 1)
          return 1
        },
      },
    },
  })
  const reply = z.number()
  expect(app.namespace).type.not.toBeCallableWith('/x', { events: { x: { reply, handler: () => 'one' } } })
})

test('register() infers each of several definitions through defineNamespaces()', () => {
  const app = Fastify()
  app.register(namespaces, {
    namespaces: defineNamespaces({
      '/chat': {
        emits: { said: { payload: z.string() } },
        events: {
          say: {
            payload: v.object({ text: v.string() }),
            reply: Type.Number(),
            errors: { FULL: Type.Object({ max: Type.Integer() }) },
            handler: (payload, { emit, error }) => {
              expect(payload).type.toBe<{ text: string }>()
              expect(emit).type.not.toBeCallableWith('said', 1)
              expect(emit).type.not.toBeCallableWith('ticked', 1)
              expect(error).type.not.toBeCallableWith('EMPTY', {})
              emit('said', payload.text)
              return 1
            },
          },
        },
      },
      '/clock': {
        emits: { ticked: { payload: { type: 'integer' } } },
        onConnect: ({ emit }) => {
          expect(emit).type.not.toBeCallableWith('said', 'x')
          emit('ticked', 1)
        },
      },
      '/plain': {},
    }),
  })
  const reply = Type.Number()
  expect(defineNamespaces).type.not.toBeCallableWith({ '/x': { events: { x: { reply, handler: () => 'one' } } } })
})

test('the result of defineNamespaces() has a client for each name', async () => {
  const all = defineNamespaces({
    '/chat': {
      emits: { said: { payload: z.string() } },
      events: { say: { payload: z.string(), reply: z.number(), handler: () => 1 } },
    },
    '/clock': { emits: { ticked: { payload: { type: 'integer' } } } },
  })
  const chatSocket = {} as ClientSocket<(typeof all)['/chat']>
  const ack = await chatSocket.emitWithAck('say', 'hi')
  if (ack.ok) expect(ack.data).type.toBe<number>()
  chatSocket.on('said', (text) => expect(text).type.toBe<string>())
  const clockSocket = {} as ClientSocket<(typeof all)['/clock']>
  clockSocket.on('ticked', (count) => expect(count).type.toBe<number>())
  expect(clockSocket.on).type.not.toBeCallableWith('said', () => {})
})

test('a definition with any types fits into a list, and a literal there is contextually typed', () => {
  expect(chat).type.toBeAssignableTo<AnyNamespaceDefinition>()
  const app = Fastify()
  app.register(namespaces, {
    namespaces: {
      '/chat': chat,
      '/literal': {
        onConnect: ({ socket }) => expect(socket.id).type.toBe<string>(),
        events: {
          say: {
            payload: Type.String(),
            handler: (payload, { signal }) => {
              expect(payload).type.not.toBeAssignableTo<string>()
              expect(signal).type.toBe<AbortSignal>()
            },
          },
        },
      },
    },
  })
  expect<AnyNamespaceDefinition>().type.not.toBeAssignableFrom({ onConect: () => {} })
  expect<AnyNamespaceDefinition>().type.not.toBeAssignableFrom({ events: { x: {} } })
  expect<AnyNamespaceDefinition>().type.not.toBeAssignableFrom({ events: { x: { handler: 'x' } } })
})

test('a definition inline in register() is not silently `any`: an error says how to infer it', () => {
  const app = Fastify()
  const payload = Type.Object({ text: Type.String() })
  app.register(namespaces, {
    namespaces: {
      '/chat': {
        onConnect: ({ params }) => expect(params).type.toBe<Readonly<Record<string, unknown>>>(),
        events: {
          // @ts-expect-error register() infers no types: write namespaces: defineNamespaces({ … })
          say: { payload, handler: ({ text }) => text.foo.bar },
        },
      },
    },
  })
})

test('every event may be emitted with an ack, and without', async () => {
  const plain = defineNamespace({
    events: {
      whoami: { reply: Type.String(), handler: () => 'Ann' },
      ping: { payload: Type.Integer(), handler: () => {} },
      bare: { handler: () => {} },
    },
  })
  const socket = {} as ClientSocket<typeof plain>
  const ack = await socket.emitWithAck('whoami')
  if (ack.ok) expect(ack.data).type.toBe<string>()
  socket.emit('whoami')
  socket.emit('whoami', (envelope) => {
    if (envelope.ok) expect(envelope.data).type.toBe<string>()
    else expect(envelope.error.code).type.toBe<string>()
  })
  socket.emit('ping', 1)
  socket.emit('ping', 1, (envelope) => {
    if (envelope.ok) expect(envelope.data).type.toBe<unknown>()
  })
  socket.emit('bare', (envelope) => expect(envelope.ok).type.toBe<boolean>())
  socket.emit('bare', { any: 'thing' }, (envelope) => expect(envelope.ok).type.toBe<boolean>())
  const pinged = await socket.emitWithAck('ping', 1)
  expect(pinged.ok).type.toBe<boolean>()
  socket.timeout(1).emit('whoami', (error, envelope) => {
    expect(error).type.toBe<Error | null>()
    if (envelope.ok) expect(envelope.data).type.toBe<string>()
  })
  const timed = await socket.timeout(1).emitWithAck('whoami')
  if (timed.ok) expect(timed.data).type.toBe<string>()
  expect(socket.emit).type.not.toBeCallableWith('ping')
  expect(socket.emit).type.not.toBeCallableWith('ping', 'x')
  expect(socket.emitWithAck).type.not.toBeCallableWith('ping')
  expect(socket).type.toBeAssignableTo<StockSocket>()
})

test('defineEvent() types an event in its own file, which fits into any definition', async () => {
  const send = defineEvent({
    payload: Type.Object({ text: Type.String() }),
    reply: z.object({ id: z.string() }),
    errors: { FULL: Type.Object({ max: Type.Integer() }) },
    handler: async (payload, { error, params }) => {
      expect(payload).type.toBe<{ text: string }>()
      expect(params).type.toBe<Readonly<Record<string, unknown>>>()
      expect(error).type.toBeCallableWith('FULL', { max: 1 })
      expect(error).type.not.toBeCallableWith('EMPTY', { max: 1 })
      return { id: payload.text }
    },
  })
  const definition = defineNamespace({ schema: { params: Type.Object({ id: Type.Integer() }) }, events: { send } })
  const socket = {} as ClientSocket<typeof definition>
  const ack = await socket.emitWithAck('send', { text: 'hi' })
  if (ack.ok) expect(ack.data).type.toBe<{ id: string }>()
  else if (ack.error.code === 'FULL') expect(ack.error.details).type.toBe<{ max: number }>()
  expect(socket.emit).type.not.toBeCallableWith('send', { text: 1 })
  expect(defineEvent).type.not.toBeCallableWith({ reply: Type.String(), handler: () => 1 })

  const base = defineNamespace({
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    data: Type.Object({ name: Type.String() }),
    emits: { hi: { payload: Type.String() } },
  })
  const greet = defineEvent(base, {
    payload: Type.Integer(),
    handler: (payload, { emit, params, socket }) => {
      expect(payload).type.toBe<number>()
      expect(params).type.toBe<{ orgId: number }>()
      expect(socket.data).type.toBe<{ name: string }>()
      expect(emit).type.not.toBeCallableWith('hi', 1)
    },
  })
  const org = defineNamespace({ ...base, events: { greet } })
  expect(org).type.toBeAssignableTo<AnyNamespaceDefinition>()
  expect(defineNamespace).type.not.toBeCallableWith({ events: { greet } })
})

test('socket.data has the type of the definition: from a schema, or a given type', () => {
  defineNamespace({
    data: dataType<{ at: Date }>(),
    onConnect: async ({ namespace, socket, to }) => {
      expect(socket.data).type.toBe<{ at: Date }>()
      const [remote] = await namespace.fetchSockets()
      if (remote) expect(remote.data).type.toBe<{ at: Date }>()
      const [other] = await to('room').fetchSockets()
      if (other) expect(other.data).type.toBe<{ at: Date }>()
    },
  })
  const chat = defineNamespace({ data: z.object({ name: z.string() }) })
  const reach = Fastify().namespaceOf(chat)
  expect(reach.fetchSockets).type.toBe<() => Promise<RemoteSocket<Record<never, never>, { name: string }>[]>>()
})

test('keys and hooks have the type of their event', () => {
  defineNamespace({
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    eventHooks: { onEvent: ({ params }) => expect(params).type.toBe<{ orgId: number }>() },
    events: {
      order: {
        payload: Type.Object({ key: Type.String() }),
        preHandler: ({ params }) => expect(params).type.toBe<{ orgId: number }>(),
        idempotency: {
          key: (payload, { params }) => {
            expect(payload).type.toBe<{ key: string }>()
            expect(params).type.toBe<{ orgId: number }>()
            return payload.key
          },
        },
        handler: () => {},
      },
    },
  })
  Fastify().addNamespaceHook('onEvent', ({ params, request }) => {
    expect(params).type.toBe<Readonly<Record<string, unknown>>>()
    expect(request.body).type.toBe<unknown>()
  })
})

test('a handler has `sql` in its context with `transaction: true` only', () => {
  const store = createPostgresStore({ url: 'postgres://localhost' })
  const key = () => 'k'
  defineNamespace({
    events: {
      order: {
        payload: Type.Object({ key: Type.String() }),
        idempotency: { key: (payload) => payload.key, store, transaction: true },
        preHandler: (context) => expect(context).type.not.toHaveProperty('sql'),
        handler: async (payload, { sql, params }) => {
          expect(payload).type.toBe<{ key: string }>()
          expect(params).type.toBe<Readonly<Record<string, string>>>()
          expect(sql).type.toBe<SqlClient>()
          expect(sql.query('SELECT 1')).type.toBe<Promise<SqlResult<Record<string, unknown>>>>()
          expect((await sql.query<{ n: number }>({ text: 'SELECT 1 AS n' })).rows).type.toBe<{ n: number }[]>()
        },
      },
      off: {
        idempotency: { key, store, transaction: false },
        handler: (_, context) => expect(context).type.not.toHaveProperty('sql'),
      },
      any: {
        idempotency: { key, store, transaction: Math.random() > 0.5 },
        handler: (_, context) => expect(context).type.not.toHaveProperty('sql'),
      },
      plain: { handler: (_, context) => expect(context).type.not.toHaveProperty('sql') },
      passed: {
        payload: Type.String(),
        relay: {
          to: (context) => {
            expect(context).type.not.toHaveProperty('sql')
            return context.payload
          },
        },
      },
    },
  })
  const event = defineEvent({
    idempotency: { key, store, transaction: true },
    handler: (_, { sql }) => expect(sql).type.toBe<SqlClient>(),
  })
  const other = defineEvent({ handler: (_, context) => expect(context).type.not.toHaveProperty('sql') })
  const orders = defineNamespace({ events: { event, other } })
  Fastify().register(namespaces, { namespaces: { '/orders': orders } })
  defineNamespaces({
    '/orders': {
      events: {
        order: {
          idempotency: { key, store, transaction: true },
          handler: (_, { sql }) => expect(sql).type.toBe<SqlClient>(),
        },
      },
    },
  })
  const events = { order: { payload: Type.Integer() }, plain: {}, passed: { payload: Type.String() } }
  defineNamespace(defineContract({ events }), {
    handlers: {
      order: {
        idempotency: { key, store, transaction: true },
        handler: (payload, { sql }) => {
          expect(payload).type.toBe<number>()
          expect(sql).type.toBe<SqlClient>()
        },
      },
      plain: (_, context) => expect(context).type.not.toHaveProperty('sql'),
      passed: {
        relay: {
          to: (context) => {
            expect(context).type.not.toHaveProperty('sql')
            return context.payload
          },
        },
      },
    },
  })
})

test('a listener for a declared event is an error: its handler receives it', () => {
  const track = (socket: ServerSocket) => socket.id
  defineNamespace({
    events: { say: { payload: Type.String(), handler: () => {} } },
    onConnect: ({ socket }) => {
      expect(socket.on<'say'>).type.not.toBeCallableWith('say', () => {})
      socket.on('other', () => {})
      socket.on('disconnect', (reason) => expect(reason).type.toBeAssignableTo<string>())
      expect(track).type.toBeCallableWith(socket)
    },
  })
})
