import t, { type Test } from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'

import { type AnyNamespaceDefinition, Binary, type NamespacesOptions } from '../../../plugin/index.js'
import { type ContractOptions, checkContract } from '../../../plugin/testing.js'
import { build } from '../harness.js'

const failed = (results: Awaited<ReturnType<typeof checkContract>>) => results.filter(({ ok }) => !ok)

const Message = Type.Object({
  text: Type.String({ minLength: 1, maxLength: 20 }),
  tags: Type.Optional(Type.Array(Type.String())),
})

const EXAMPLES: object = { examples: [{ text: 'hi' }] }

const CHAT: AnyNamespaceDefinition = {
  schema: { auth: Type.Object({ name: Type.String({ minLength: 1 }) }) },
  emits: { 'message:new': { payload: Message, ...EXAMPLES }, bare: {} },
  events: {
    'message:send': {
      payload: Message,
      ...EXAMPLES,
      reply: Type.Object({ id: Type.Integer() }),
      errors: { TOO_SHORT: Type.Object({ least: Type.Integer() }) },
      handler: ({ text }: { text: string }, { error }) => {
        if (text.length < 2) throw error('TOO_SHORT', { least: 2 })
        return { id: text.length }
      },
    },
    ping: { handler: () => 'pong' },
  },
}

t.test('an app that does what it says passes, and each claim has a name', async (t) => {
  const app = await build(t, { namespaces: { '/chat': CHAT } })
  const results = await checkContract(app, { join: { '/chat': { auth: { name: 'Ada' } } } })
  t.strictSame(failed(results), [])
  const names = results.map(({ name }) => name)
  for (const name of [
    '/chat is declared',
    '/chat auth fits',
    '/chat is joined',
    '/chat refuses auth / without "name"',
    '/chat refuses auth /name against minLength 1',
    '/chat message:new example 1 fits',
    '/chat message:send accepts example 1',
    '/chat message:send accepts /text with maxLength 20',
    '/chat message:send refuses / without "text"',
    '/chat message:send refuses /text against minLength 1',
    '/chat message:send refuses /text against maxLength 20',
    '/chat ping accepts no payload',
  ]) {
    t.ok(names.includes(name), name)
  }
})

t.test('a relay does what it says, too', async (t) => {
  const events = {
    draw: { payload: Message, relay: { to: 'board' } },
    tick: { relay: {} },
    foreign: { relay: { to: 'another' } },
  }
  const board: AnyNamespaceDefinition = {
    emits: { draw: { payload: Message }, tick: {}, foreign: {} },
    events,
    onConnect: ({ socket }) => void socket.join('board'),
  }
  const app = await build(t, { namespaces: { '/board': board } })
  const results = await checkContract(app)
  t.ok(results.some(({ name }) => name === '/board draw refuses / without "text"'))
  t.match(failed(results), [{ name: '/board foreign accepts no payload', problem: /FST_NSP_ROOM_FOREIGN/ }])
})

/** The problems of a definition by the name of the claim, without the name of the namespace. */
async function problemsOf(t: Test, definition: object, options: ContractOptions = {}) {
  const app = await build(t, { namespaces: { '/x': definition as AnyNamespaceDefinition } })
  return Object.fromEntries(
    failed(await checkContract(app, options)).map(({ name, problem }) => [name.slice(3), problem]),
  )
}

t.test('an answer that does not fit, and an error that is not declared, are problems', async (t) => {
  const Text = Type.Object({ text: Type.String() })
  t.match(
    await problemsOf(
      t,
      {
        events: {
          'reply:wrong': { reply: Type.Integer(), handler: () => 'text' },
          'error:undeclared': {
            handler: () => {
              throw Object.assign(new Error('Not here'), {
                code: 'ELSEWHERE',
                statusCode: 404,
                details: { where: 'there' },
              })
            },
          },
          'hook:refuses': { preValidation: () => Promise.reject(new Error('no')), payload: Text, handler: () => {} },
          'never:acked': { handlerTimeoutMs: 0, handler: () => new Promise(() => {}) },
        },
      },
      { timeoutMs: 2000 },
    ),
    {
      'reply:wrong accepts no payload': /^it is answered with FST_NSP_REPLY_INVALID: /,
      'error:undeclared accepts no payload': /^it is answered with FST_NSP_INTERNAL/,
      'hook:refuses accepts sample 1': /^it is answered with FST_NSP_INTERNAL/,
      'hook:refuses refuses / without "text"': /^it is answered with FST_NSP_INTERNAL/,
      'never:acked accepts no payload': 'it is answered with NO_ACK: No ack within 2000 ms',
    },
  )
})

t.test('an example that does not fit, and an event without anything to send, are problems', async (t) => {
  t.strictSame(
    await problemsOf(t, {
      emits: { said: { payload: Type.String(), examples: [1] }, silent: { examples: [1] } },
      events: {
        'example:wrong': { payload: Type.Integer(), examples: ['one', 1], handler: () => {} },
        'sample:none': { payload: Type.String({ pattern: '^\\p{Lu}(?!x)\\d$' }), handler: () => {} },
        'vendor:silent': { payload: v.string(), handler: () => {} },
        'vendor:example': { payload: v.string(), examples: ['text'], handler: () => {} },
      },
    }),
    {
      'said example 1 fits': '/ must be string',
      'example:wrong example 1 fits': '/ must be integer',
      'sample:none has a payload to send': 'no sample fits its schema: add `examples` to the event',
      'vendor:silent has a payload to send': 'valibot can not convert its schema: add `examples` to the event',
    },
  )
})

t.test('the handlers of events that are skipped are not called, and their wrong payloads are sent', async (t) => {
  let calls = 0
  const definition = { events: { pay: { payload: Type.Object({ sum: Type.Integer() }), handler: () => ++calls } } }
  const app = await build(t, { namespaces: { '/x': definition } })
  const results = await checkContract(app, { skip: { '/x': ['pay'] } })
  t.strictSame([failed(results), calls], [[], 0])
  t.ok(results.some(({ name }) => name === '/x pay refuses /sum against type "integer"'))
})

t.test('a client that the server disconnects joins again for the next event', async (t) => {
  t.strictSame(
    await problemsOf(t, {
      events: {
        'a:leave': {
          handler: (_payload: unknown, { socket }: { socket: { disconnect(): void } }) => {
            socket.disconnect()
          },
        },
        'b:more': { reply: Type.Integer(), handler: () => 1 },
      },
    }),
    { 'a:leave accepts no payload': 'it is answered with NO_ACK: The server has disconnected the client' },
  )
})

t.test('the items of a stream fit, and an endless stream is cancelled', async (t) => {
  let ended = 0
  t.match(
    await problemsOf(t, {
      events: {
        'count:up': {
          stream: Type.Object({ count: Type.Integer() }),
          handler: async function* () {
            try {
              for (let count = 1; ; count++) yield { count }
            } finally {
              ended++
            }
          },
        },
        'count:few': {
          stream: Type.Integer(),
          reply: Type.String(),
          handler: async function* () {
            yield 1
            return 'end'
          },
        },
        'count:wrong': {
          stream: Type.Integer(),
          handler: async function* () {
            yield 'one'
          },
        },
      },
    }),
    {
      'count:wrong accepts no payload':
        'it is answered with FST_NSP_ITEM_INVALID: An item of the stream could not be sent',
    },
  )
  t.equal(ended, 1)
})

t.test('a dynamic namespace is joined with params, which are checked, too', async (t) => {
  const app = await build(t, {
    namespaces: { '/orgs/:orgId': { schema: { params: Type.Object({ orgId: Type.Integer({ minimum: 1 }) }) } } },
  })
  const results = await checkContract(app, { join: { '/orgs/:orgId': { params: { orgId: 42 } } } })
  t.strictSame(failed(results), [])
  t.ok(results.some(({ name }) => name === '/orgs/:orgId refuses params /orgId against minimum 1'))
  t.match(failed(await checkContract(app)), [{ name: '/orgs/:orgId is joined', problem: /^FST_NSP_PARAMS_INVALID/ }])
})

t.test('a refused join ends the check of its namespace', async (t) => {
  const refuse = async () =>
    Promise.reject(Object.assign(new Error('No ticket'), { statusCode: 401, code: 'NO_TICKET' }))
  t.match(await problemsOf(t, { onRequest: refuse, events: { a: { handler: () => {} } } }), {
    'is joined': 'NO_TICKET: No ticket',
  })
  t.match(
    await problemsOf(t, { onRequest: async () => Promise.reject(Object.assign(new Error('No'), { statusCode: 401 })) }),
    {
      'is joined': /No/,
    },
  )
})

t.test('what a schema can not say is found: an auth that is not checked, a schema that accepts more', async (t) => {
  // The JSON Schema of Zod has no refinements, and Fastify's validator coerces.
  const definition = {
    events: {
      refined: { payload: z.object({ n: z.number().refine(() => false) }), handler: () => {} },
      loose: { payload: Type.Object({ list: Type.Array(Type.Object({})) }), preValidation: [], handler: () => {} },
    },
  }
  t.match(await problemsOf(t, definition), { 'refined accepts sample 1': /^it is answered with FST_NSP_EVENT_INVALID/ })
})

t.test('events that are limited are sent again when the server allows it', async (t) => {
  const properties = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`p${index}`, Type.String({ maxLength: 9 })]),
  )
  const app = await build(t, {
    limits: { eventsPerSecond: 20 },
    namespaces: { '/x': { events: { many: { payload: Type.Object(properties), handler: () => {} } } } },
  })
  const results = await checkContract(app)
  t.strictSame(failed(results), [])
  t.ok(results.length > 40)
})

t.test('binary data is sent where a schema has it', async (t) => {
  const received: unknown[] = []
  const Image = Type.Object({ image: Binary({ maxBytes: 10 }) })
  const definition = {
    events: {
      put: {
        payload: Image,
        reply: Image,
        handler: (payload: unknown) => {
          received.push(payload)
          return payload
        },
      },
    },
  }
  t.strictSame(await problemsOf(t, definition), {})
  t.match(received[0], { image: Uint8Array })
})

t.test('a consumer is told what the server does not fulfil', async (t) => {
  const Old = Type.Object({ id: Type.String({ maxLength: 8 }), note: Type.Optional(Type.String()) })
  const events = {
    same: { payload: Old, reply: Old, handler: (payload: unknown) => payload },
    gone: { handler: () => {} },
    'stream:old': {
      stream: Old,
      reply: Type.Integer(),
      errors: { FULL: Old, OFF: Old },
      handler: async function* () {
        yield* []
        return 1
      },
    },
    silent: { reply: Old, handler: () => {} },
  }
  const old = await build(t, {
    namespaces: {
      '/x': { emits: { said: { payload: Old }, asked: { reply: Old }, left: {}, plain: {} }, events },
      '/old': {},
    },
  } as NamespacesOptions)
  await old.ready()
  const manifest = old.describeNamespaces()
  const New = Type.Object({ id: Type.String({ maxLength: 9 }), note: Type.Optional(Type.String()) })
  const app = await build(t, {
    namespaces: {
      '/x': {
        emits: {
          said: { payload: New },
          asked: { reply: Type.Object({ id: Type.String({ maxLength: 7 }) }) },
          plain: {},
        },
        events: {
          same: {
            payload: Type.Object({ id: Type.String({ maxLength: 4 }) }),
            reply: New,
            handler: (payload: unknown) => payload,
          },
          'stream:old': {
            stream: New,
            reply: Type.Integer({ minimum: 1 }),
            errors: { FULL: New },
            handler: async function* () {
              yield* []
              return 1
            },
          },
          silent: { reply: Type.String({ pattern: '^\\p{Lu}(?!x)\\d$' }), handler: () => 'A1' },
          more: { handler: () => {} },
        },
      },
    },
  } as NamespacesOptions)
  t.match(
    Object.fromEntries(failed(await checkContract(app, { manifest })).map(({ name, problem }) => [name, problem])),
    {
      '/old is declared': 'the server does not declare it',
      '/x gone is declared': 'the server does not declare it',
      '/x left is sent': 'the server does not declare it',
      '/x asked answer /id with maxLength 8 fits': '/id must not have more than 7 characters',
      '/x asked answer has /note': 'the server does not declare it',
      '/x same payload has /note': 'the server does not declare it',
      '/x said /id with maxLength 9 fits': '/id must not have more than 8 characters',
      '/x same reply /id with maxLength 9 fits': '/id must not have more than 8 characters',
      '/x stream:old item /id with maxLength 9 fits': '/id must not have more than 8 characters',
      '/x stream:old error FULL /id with maxLength 9 fits': '/id must not have more than 8 characters',
      '/x same accepts sample 1': /FST_NSP_EVENT_INVALID/,
      '/x silent accepts no payload': 'the reply does not fit: / must be object',
    },
  )
  const silent = await build(t, { namespaces: { '/x': { emits: { said: {} } } } } as NamespacesOptions)
  const problems = failed(
    await checkContract(silent, { manifest: { ...manifest, namespaces: manifest.namespaces.slice(1) } }),
  )
  t.match(
    problems.find(({ name }) => name === '/x said fits'),
    { problem: 'the server does not say what it sends' },
  )
  t.strictSame(
    failed(await checkContract(old, { manifest })).map(({ name }) => name),
    ['/x silent accepts no payload'],
  )
})
