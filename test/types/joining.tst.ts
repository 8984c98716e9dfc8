import { Type as LegacyType } from '@sinclair/typebox'
import { type as ark } from 'arktype'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type preHandlerHookHandler,
} from 'fastify'
import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import type { AuthOf, ClientSocket } from '../../plugin/client.js'
import namespaces, { type AnyNamespaceDefinition, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const orgs = defineNamespace({
  schema: {
    params: Type.Object({ orgId: Type.Integer() }),
    querystring: z.object({ since: z.string().transform((text) => new Date(text)) }),
    headers: {
      type: 'object',
      properties: { 'x-device': { type: 'string' } },
      required: ['x-device'],
    },
    auth: Type.Object({ token: Type.String(), language: Type.Optional(Type.String()) }),
  },
  onRequest: async (request, reply) => {
    expect(request.params.orgId).type.toBe<number>()
    expect(request.query.since).type.toBe<Date>()
    expect(request.headers['x-device']).type.toBe<string>()
    expect(request.headers.cookie).type.toBe<string | undefined>()
    expect(request.body).type.toBe<{ token: string; language?: string }>()
    expect(reply).type.toBe<FastifyReply>()
  },
  preValidation: (request, _reply, done) => {
    expect(request.params).type.toBe<{ orgId: number }>()
    expect(done).type.toBeCallableWith()
    expect(done).type.toBeCallableWith(new Error('no'))
    done()
  },
  preHandler: [
    async (request) => {
      expect(request.body.token).type.toBe<string>()
    },
    (request, reply, done) => {
      expect(request.body.token).type.toBe<string>()
      if (request.body.token === '') reply.code(401).send()
      else done()
    },
  ],
  expiresAt: (request) => {
    expect(request.body.token).type.toBe<string>()
    return request.params.orgId > 1 ? new Date(0) : request.body.language ? 0 : undefined
  },
  onConnect: async ({ params, request, reauthenticate }) => {
    expect(params).type.toBe<{ orgId: number }>()
    expect(request.params).type.toBe<{ orgId: number }>()
    expect(request.query).type.toBe<{ since: Date }>()
    expect(request.body.language).type.toBe<string | undefined>()
    expect(reauthenticate).type.toBeCallableWith()
    expect(reauthenticate).type.toBeCallableWith({ token: 'x' })
    expect(reauthenticate).type.not.toBeCallableWith({ token: 1 })
    expect(reauthenticate).type.not.toBeCallableWith({})
    expect(await reauthenticate()).type.toBe<void>()
  },
  onRecover: ({ params, emit }) => {
    expect(params).type.toBe<{ orgId: number }>()
    emit('said', 'again')
    expect(emit).type.not.toBeCallableWith('said', 1)
  },
  onDisconnect: ({ params, reason }) => {
    expect(params).type.toBe<{ orgId: number }>()
    expect(reason).type.toBeAssignableTo<string>()
  },
  async onFirst({ params, namespace, signal, log }) {
    expect(params).type.toBe<{ orgId: number }>()
    expect(signal).type.toBe<AbortSignal>()
    namespace.emit('said', 'the first one is here')
    // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
    namespace.emit('said', 1)
    log.info('the feed runs')
    expect(this).type.toBeAssignableTo<FastifyInstance>()
  },
  onLast: (context) => {
    expect(context.params).type.toBe<{ orgId: number }>()
    expect(context).type.not.toHaveProperty('socket')
  },
  onLastGraceMs: 1_000,
  eventHooks: {
    preHandler: ({ event, request }) => {
      expect(event.name).type.toBe<string>()
      expect(request).type.toBeAssignableTo<FastifyRequest>()
    },
    onAck: (_context, ack) => expect(ack.ok).type.toBe<boolean>(),
  },
  emits: { said: { payload: Type.String() } },
  events: {
    say: {
      payload: Type.Object({ text: Type.String() }),
      reply: z.number(),
      errors: { FULL: Type.Object({ max: Type.Integer() }) },
      handler: async (payload, { emit, error, params, request, reauthenticate }) => {
        expect(payload).type.toBe<{ text: string }>()
        expect(params).type.toBe<{ orgId: number }>()
        expect(request.body.token).type.toBe<string>()
        expect(reauthenticate).type.not.toBeCallableWith({ token: 1 })
        expect(error).type.not.toBeCallableWith('FULL', {})
        emit('said', payload.text)
        return 1
      },
    },
  },
})

test("a client has the type of a namespace's auth", () => {
  expect<AuthOf<typeof orgs>>().type.toBe<{ token: string; language?: string }>()
  expect<AuthOf<typeof orgs>>().type.not.toBeAssignableFrom<{ token: number }>()
  const socket = {} as ClientSocket<typeof orgs>
  socket.on('said', (text) => expect(text).type.toBe<string>())
  const plain = defineNamespace({ events: { bare: { handler: () => {} } } })
  expect<AuthOf<typeof plain>>().type.toBe<Record<string, unknown>>()
  const transforming = defineNamespace({ schema: { auth: z.object({ at: z.string().transform(Number) }) } })
  expect<AuthOf<typeof transforming>>().type.toBe<{ at: string }>()
})

test('without schemas params are strings, and the request is a plain one', () => {
  defineNamespace({
    onRequest: async (request) => {
      expect(request.params).type.toBe<unknown>()
      expect(request.body).type.toBe<unknown>()
    },
    onConnect: ({ params, request, reauthenticate }) => {
      expect(params).type.toBe<Readonly<Record<string, string>>>()
      expect(request).type.toBeAssignableTo<FastifyRequest>()
      expect(reauthenticate).type.toBeCallableWith({ any: 'thing' })
      expect(reauthenticate).type.not.toBeCallableWith('token')
    },
  })
  defineNamespace({
    schema: { auth: { type: 'object', properties: { token: { type: 'string' } }, required: ['token'] } },
    onConnect: ({ params, request }) => {
      expect(params).type.toBe<Readonly<Record<string, string>>>()
      expect(request.body.token).type.toBe<string>()
    },
  })
})

test('each kind of schema has its output type in hooks and handlers, and its input type in the client', () => {
  defineNamespace({
    schema: { params: LegacyType.Object({ id: LegacyType.Integer() }), auth: v.object({ token: v.string() }) },
    onConnect: ({ params, request }) => {
      expect(params).type.toBe<{ id: number }>()
      expect(request.body).type.toBe<{ token: string }>()
    },
  })
  defineNamespace({
    schema: {
      params: ark({ id: 'string.numeric.parse' }),
      auth: z.object({ at: z.string().transform((text) => new Date(text)) }),
    },
    onConnect: ({ params, request, reauthenticate }) => {
      expect(params).type.toBe<{ id: number }>()
      expect(request.body).type.toBe<{ at: Date }>()
      expect(reauthenticate).type.toBeCallableWith({ at: '2030-01-01' })
      expect(reauthenticate).type.not.toBeCallableWith({ at: new Date() })
    },
  })
})

test("Fastify's own hooks are accepted as hooks of a definition", () => {
  const hook: preHandlerHookHandler = (_request, _reply, done) => done()
  const authenticate = async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.headers.authorization === undefined) return reply.code(401).send()
  }
  const needsOrg = async (request: FastifyRequest<{ Params: { orgId: number } }>) => void request.params.orgId
  const schema = { params: Type.Object({ orgId: Type.Integer() }) }
  defineNamespace({ onRequest: authenticate, preValidation: [authenticate], preHandler: [hook, authenticate] })
  defineNamespace({ schema, onRequest: authenticate, preHandler: [hook, authenticate, needsOrg] })
  expect(defineNamespace).type.not.toBeCallableWith({ onRequest: 'x' })
  expect(defineNamespace).type.not.toBeCallableWith({ preHandler: [1] })
})

test('an unknown option is an error', () => {
  const params = Type.Object({ id: Type.Integer() })
  expect(defineNamespace).type.not.toBeCallableWith({ schema: { body: params } })
  expect(defineNamespace).type.not.toBeCallableWith({ schema: { params, body: params } })
  expect(defineNamespace).type.not.toBeCallableWith({ onEvent: () => {} })
  expect(defineNamespace).type.not.toBeCallableWith({ onAck: () => {} })
  expect(defineNamespace).type.not.toBeCallableWith({ eventHooks: { onRequest: () => {} } })
  expect(defineNamespace).type.not.toBeCallableWith({ expiresAt: () => 'tomorrow' })
  expect(defineNamespaces).type.not.toBeCallableWith({ '/x': { schema: { body: params } } })
  expect(defineNamespaces).type.not.toBeCallableWith({ '/x': { schema: { params, body: params } } })
  expect(defineNamespaces).type.not.toBeCallableWith({ '/x': { expiresAt: () => 'tomorrow' } })
  expect<AnyNamespaceDefinition>().type.not.toBeAssignableFrom({ schema: { body: params } })
})

test('app.namespace() infers the types of joining from a literal argument', () => {
  const app = Fastify()
  app.namespace('/orgs/:orgId', {
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    onRequest: async (request) => expect(request.params.orgId).type.toBe<number>(),
    onConnect: ({ params }) => expect(params).type.toBe<{ orgId: number }>(),
    events: {
      say: {
        payload: Type.String(),
        handler: (payload, { params }) => {
          expect(payload).type.toBe<string>()
          expect(params).type.toBe<{ orgId: number }>()
        },
      },
    },
  })
})

test('defineNamespaces() infers the types of joining of each definition', () => {
  const all = defineNamespaces({
    '/orgs/:orgId': {
      schema: {
        params: Type.Object({ orgId: Type.Integer() }),
        auth: { type: 'object', properties: { token: { type: 'string' } }, required: ['token'] },
      },
      onRequest: async (request) => {
        expect(request.params).type.toBe<{ orgId: number }>()
        expect(request.body).type.toBe<{ token: string }>()
      },
      preHandler: [(request, _reply, done) => (request.body.token === '' ? done(new Error('no')) : done())],
      expiresAt: (request) => request.params.orgId,
      onConnect: ({ params, reauthenticate }) => {
        expect(params).type.toBe<{ orgId: number }>()
        expect(reauthenticate).type.not.toBeCallableWith({ token: 1 })
      },
      events: {
        say: {
          payload: z.object({ text: z.string() }),
          reply: Type.Number(),
          handler: (payload, { params, request }) => {
            expect(payload).type.toBe<{ text: string }>()
            expect(params).type.toBe<{ orgId: number }>()
            expect(request.body.token).type.toBe<string>()
            return 1
          },
        },
      },
    },
    '/users/:name': {
      schema: { params: z.object({ name: z.string() }), querystring: v.object({ page: v.string() }) },
      onConnect: ({ params, request }) => {
        expect(params).type.toBe<{ name: string }>()
        expect(request.query).type.toBe<{ page: string }>()
        expect(request.body).type.toBe<unknown>()
      },
    },
    '/plain': {
      onRequest: async (request) => expect(request.body).type.toBe<unknown>(),
      onConnect: ({ params }) => expect(params).type.toBe<Readonly<Record<string, string>>>(),
    },
  })
  expect<AuthOf<(typeof all)['/orgs/:orgId']>>().type.toBe<{ token: string }>()
  expect<AuthOf<(typeof all)['/plain']>>().type.toBe<Record<string, unknown>>()
  Fastify().register(namespaces, { namespaces: all })
})

test('a definition with any schemas of joining fits into a list', () => {
  interface Org {
    orgId: number
  }
  const withInterface = defineNamespace({
    schema: { params: Type.Unsafe<Org>({ type: 'object' }), auth: z.string().transform((text) => new Date(text)) },
    onRequest: [async (request) => void request.params.orgId],
    expiresAt: (request) => request.body,
    onConnect: ({ params, reauthenticate }) => {
      expect(params).type.toBe<Org>()
      expect(reauthenticate).type.toBeCallableWith('now')
    },
    events: { e: { handler: (_payload, { params }) => expect(params).type.toBe<Org>() } },
  })
  expect(orgs).type.toBeAssignableTo<AnyNamespaceDefinition>()
  expect(withInterface).type.toBeAssignableTo<AnyNamespaceDefinition>()
  Fastify().register(namespaces, {
    namespaces: {
      '/orgs/:orgId': orgs,
      '/with-interface': withInterface,
      '/literal/:id': {
        schema: { params: Type.Object({ id: Type.String() }) },
        onRequest: async (request, reply) => {
          expect(request.id).type.toBe<string>()
          expect(reply).type.toBe<FastifyReply>()
        },
        onConnect: ({ request, socket }) => {
          expect(request.ip).type.toBe<string>()
          expect(socket.id).type.toBe<string>()
        },
      },
    },
  })
})

test('the functions of presence know the request and the params that the schemas have read', () => {
  const typed = defineNamespace({
    schema: { params: Type.Object({ orgId: Type.Integer() }), auth: Type.Object({ user: Type.String() }) },
    presence: {
      key: ({ request, params }) => {
        expect(request.body).type.toBe<{ user: string }>()
        expect(params).type.toBe<{ orgId: number }>()
        return request.body.user
      },
      meta: ({ request }) => ({ ip: request.ip }),
    },
    onConnect: ({ presence }) => presence.update({ isTyping: true }),
  })
  expect<ClientSocket<typeof typed>['on']>().type.toBeCallableWith(
    'presence:state',
    ({ entries }: { entries: { key: string; devices: number; meta: { ip: string } }[] }) => entries[0]?.meta.ip,
  )
  expect(defineNamespace).type.not.toBeCallableWith({ presence: { meta: () => 1 } })
})
