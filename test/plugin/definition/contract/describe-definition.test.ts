import t from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import * as z from 'zod'
import { Binary, defineNamespace } from '../../../../plugin/index.js'
import { build } from '../../harness.js'

/*
 * `app.describeNamespaces()`: plain, frozen, JSON-ready.
 */

const Message = Type.Object({ text: Type.String() })

t.test('every namespace is described by its schemas, its prose and the names of its hooks', async (t) => {
  const chat = defineNamespace({
    summary: 'Rooms',
    description: 'The rooms of one organisation.',
    tags: ['rooms'],
    deprecated: true,
    schema: { params: Type.Object({ orgId: Type.Integer() }), auth: Type.Object({ token: Type.String() }) },
    async onRequest() {},
    preHandler: [async function isMember() {}, async () => {}],
    eventHooks: { onEvent: function count() {} },
    events: {
      'message:send': {
        summary: 'Say something',
        payload: Message,
        reply: Type.Object({ id: Type.String() }),
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
        examples: [{ text: 'hi' }],
        handlerTimeoutMs: 50,
        idempotency: { key: ({ text }) => text },
        preHandler: function isLoud() {},
        handler: () => ({ id: '1' }),
      },
      'log:tail': {
        stream: Type.String(),
        itemId: (line: unknown) => String(line),
        handler: async function* () {
          yield 'line'
        },
      } as never,
    },
    emits: { 'poll:ask': { payload: Type.String(), reply: Type.Boolean(), hide: true, examples: ['Tea?'] } },
    sequential: true,
    contractMismatch: 'refuse',
  })
  const app = await build(t, { namespaces: { '/orgs/:orgId': chat, '/': {} } })
  await app.ready()
  const description = app.describeNamespaces()
  t.equal(description.version, 1)
  t.equal(description.path, '/socket.io')
  t.strictSame(
    description.namespaces.map(({ name }) => name),
    ['/', '/orgs/:orgId'],
  )
  const [root, org] = description.namespaces
  t.match(root, { isDynamic: false, events: {}, emits: {}, hasEmits: false, hooks: {}, contractMismatch: 'warn' })
  const { hash, ...described } = org as NonNullable<typeof org>
  t.match(hash, /^[0-9a-f]{16}$/)
  const message = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }
  t.strictSame(described, {
    name: '/orgs/:orgId',
    isDynamic: true,
    summary: 'Rooms',
    description: 'The rooms of one organisation.',
    tags: ['rooms'],
    deprecated: true,
    params: { jsonSchema: { type: 'object', required: ['orgId'], properties: { orgId: { type: 'integer' } } } },
    auth: { jsonSchema: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } } },
    events: {
      'log:tail': {
        stream: { item: { jsonSchema: { type: 'string' } }, credits: 16, isResumable: true, readTimeoutMs: 60_000 },
        errors: {},
        handlerTimeoutMs: 10_000,
        hooks: {},
      },
      'message:send': {
        summary: 'Say something',
        payload: { jsonSchema: message },
        reply: { jsonSchema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } },
        errors: {
          ROOM_FULL: { jsonSchema: { type: 'object', required: ['max'], properties: { max: { type: 'integer' } } } },
        },
        examples: [{ text: 'hi' }],
        isIdempotent: true,
        handlerTimeoutMs: 50,
        hooks: { preHandler: ['isLoud'] },
      },
    },
    emits: {
      'poll:ask': {
        hide: true,
        payload: { jsonSchema: { type: 'string' } },
        reply: { jsonSchema: { type: 'boolean' } },
        examples: ['Tea?'],
      },
    },
    schemas: {},
    hasEmits: true,
    hooks: { onRequest: ['onRequest'], preHandler: ['isMember', ''] },
    eventHooks: { onEvent: ['count'] },
    sequential: true,
    contractMismatch: 'refuse',
  })
  t.strictSame(JSON.parse(JSON.stringify(description)), description, 'it is JSON')
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  t.ok(isFrozen(description))
  t.notOk(Object.isFrozen(Message), "the application's schema is left as it was")
})

t.test('a Standard Schema is described by its own conversion, on the side that the client sees', async (t) => {
  const text = z.object({ at: z.string().default('now') })
  const chat = defineNamespace({
    events: {
      converted: { payload: text, reply: text, handler: () => ({}) },
      silent: { payload: v.string(), handler: () => {} },
      impossible: { payload: z.object({ at: z.date() }), handler: () => {} },
    },
  })
  const app = await build(t, { namespaces: { '/chat': chat } })
  await app.ready()
  const [described] = app.describeNamespaces().namespaces
  const { converted, silent, impossible } = { ...described?.events }
  t.match(converted, {
    payload: { vendor: 'zod', jsonSchema: { type: 'object', properties: { at: { type: 'string', default: 'now' } } } },
    reply: { vendor: 'zod', jsonSchema: { required: ['at'] } },
  })
  t.notMatch(converted, { payload: { jsonSchema: { required: ['at'] } } }, 'a client need not send what has a default')
  t.notMatch(JSON.stringify(converted), /\$schema/)
  t.strictSame(silent?.payload, { vendor: 'valibot' })
  t.strictSame(impossible?.payload, { vendor: 'zod' })
})

t.test('schemas of addSchema() are listed where they are referred to, through one another, too', async (t) => {
  const chat = { events: { x: { payload: { $ref: 'message#' }, handler: () => {} } } }
  const app = await build(t, {}, (app) => {
    app.addSchema({ $id: 'message', type: 'object', properties: { by: { $ref: 'user#/properties/name' } } })
    app.addSchema({
      $id: 'user',
      type: 'object',
      properties: { name: { type: 'string' }, friends: { type: 'array', items: { $ref: 'user' } } },
    })
    app.addSchema({ $id: 'other', type: 'object' })
  })
  await app.register(
    async (scope) => {
      scope.addSchema({ $id: 'room', type: 'string' })
      scope.namespace('/rooms', { emits: { said: { payload: { $ref: 'room' } } } })
    },
    { prefix: '/v1' },
  )
  app.namespace('/chat', chat)
  await app.ready()
  const schemas = app.describeNamespaces().namespaces.map((one) => [one.name, Object.keys(one.schemas)])
  t.strictSame(schemas, [
    ['/chat', ['message', 'user']],
    ['/v1/rooms', ['room']],
  ])
})

t.test('binary data, odd names and schemas with definitions are described', async (t) => {
  const tree = { definitions: { leaf: { type: 'string' } }, type: 'array', items: { $ref: '#/definitions/leaf' } }
  const events = Object.fromEntries(['__proto__', 'constructor', ''].map((name) => [name, { handler: () => {} }]))
  const file = { payload: Type.Object({ image: Binary({ maxBytes: 10 }) }), handler: () => {} }
  const chat = { events: { ...events, file, tree: { payload: tree, reply: true, handler: () => {} } } }
  const app = await build(t, { namespaces: { '/chat': chat as never } })
  await app.ready()
  const described = { ...app.describeNamespaces().namespaces[0]?.events }
  t.strictSame(Object.keys(described), ['', '__proto__', 'constructor', 'file', 'tree'])
  t.match(described.file, { payload: { jsonSchema: { properties: { image: { binary: { maxBytes: 10 } } } } } })
  t.match(described.tree, { payload: { jsonSchema: tree }, reply: { jsonSchema: true } })
})
