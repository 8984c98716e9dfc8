import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import plugin from 'fastify-plugin'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { build, join, listen, next } from './harness.js'

async function serve(t: Test, declare: (app: FastifyInstance) => void, server: FastifyServerOptions = {}) {
  const app = await build(t, { namespaces: {} }, undefined, server)
  declare(app)
  const url = `http://127.0.0.1:${await listen(app)}`
  const enter = (name: string, auth: object = {}) => join(t, url, name, { transports: ['websocket'], auth })
  const refusal = async (name: string, auth?: object) => {
    const { message, data } = (await next(enter(name, auth), 'connect_error'))[0] as { message: string; data: object }
    return { message, data }
  }
  return { app, enter, refusal }
}

t.test('a namespace has the hooks of its contexts, the outermost first, and none of a sibling', async (t) => {
  const order: string[] = []
  const say = (word: string) => async () => void order.push(word)
  const { enter } = await serve(t, (app) => {
    const onlyConnects = (word: string) => async (request: { method: string }) =>
      void (request.method === 'CONNECT' && order.push(word))
    app.addHook('onRequest', onlyConnects('root onRequest'))
    app.addHook('preHandler', onlyConnects('root preHandler'))
    app.register(
      async (scope) => {
        scope.addHook('onRequest', say('a onRequest'))
        scope.namespace('/x', {
          onRequest: [say('x onRequest'), say('x onRequest again')],
          preValidation: say('x preValidation'),
          preHandler: say('x preHandler'),
          onConnect: say('x onConnect'),
        })
        scope.addHook('preValidation', say('a preValidation, added later'))
        scope.addHook('preHandler', say('a preHandler'))
        scope.addHook('onSend', say('a onSend'))
        scope.addHook('onResponse', say('a onResponse'))
      },
      { prefix: '/a' },
    )
    app.register(async (scope) => void scope.namespace('/x', { onConnect: say('b onConnect') }), { prefix: '/b' })
  })
  await next(enter('/b/x'), 'connect')
  t.strictSame(order.splice(0), ['root onRequest', 'root preHandler', 'b onConnect'])
  await next(enter('/a/x'), 'connect')
  const first = ['root onRequest', 'a onRequest', 'x onRequest', 'x onRequest again']
  const then = ['a preValidation, added later', 'x preValidation', 'root preHandler', 'a preHandler', 'x preHandler']
  t.strictSame(order, [...first, ...then, 'a onSend', 'a onResponse', 'x onConnect'])
})

t.test('a namespace has the decorators of its context, and its functions are called with it as `this`', async (t) => {
  const seen: unknown[] = []
  const { enter } = await serve(t, (app) => {
    app.decorateRequest('tenant', 'none')
    app.register(
      plugin(async (shared) => {
        shared.decorateRequest('shared', 'by all')
      }),
    )
    for (const name of ['a', 'b']) {
      app.register(
        async (scope) => {
          scope.decorate('store', { name })
          scope.decorateRequest(`only_${name}`, name)
          scope.addHook('onRequest', async (request) => {
            Object.assign(request, { tenant: name })
          })
          scope.namespace('/x', {
            async onRequest(request) {
              seen.push(Object(this).store.name, request.server === this)
            },
            onConnect: ({ request }) => {
              const { tenant, shared, only_a, only_b } = Object(request)
              seen.push({ tenant, shared, only_a, only_b })
            },
            events: {
              store: {
                handler(_payload, { request }) {
                  return [Object(this).store.name, Object(request.server).store.name]
                },
              },
            },
          })
        },
        { prefix: `/${name}` },
      )
    }
  })
  for (const name of ['a', 'b']) {
    t.strictSame((await enter(`/${name}/x`).emitWithAck('store')).data, [name, name])
  }
  t.strictSame(seen, [
    ...['a', true, { tenant: 'a', shared: 'by all', only_a: 'a', only_b: undefined }],
    ...['b', true, { tenant: 'b', shared: 'by all', only_a: undefined, only_b: 'b' }],
  ])
})

t.test('schemas of sibling contexts are separate, also with the same $id', async (t) => {
  const { enter, refusal } = await serve(t, (app) => {
    for (const [name, type] of Object.entries({ a: 'integer', b: 'boolean' })) {
      app.register(
        async (scope) => {
          scope.addSchema({ $id: 'value', type })
          const holder = { type: 'object', properties: { value: { $ref: 'value#' } }, required: ['value'] }
          scope.namespace('/:value', {
            schema: { params: holder, auth: holder },
            emits: { joined: { payload: true } },
            events: { put: { payload: { $ref: 'value#' }, handler: (payload) => payload } },
            onConnect: ({ params, request, emit }) => void emit('joined', { params, body: request.body }),
          })
        },
        { prefix: `/${name}` },
      )
    }
  })
  const seen: Record<string, unknown> = {}
  for (const [address, value] of [
    ['/a/7', '8'],
    ['/b/true', 'false'],
  ] as const) {
    const socket = enter(address, { value })
    seen[address] = (await next(socket, 'joined'))[0]
    t.match(await socket.emitWithAck('put', 'maybe'), { ok: false, error: { code: 'FST_NSP_EVENT_INVALID' } })
  }
  t.strictSame(seen, {
    '/a/7': { params: { value: 7 }, body: { value: 8 } },
    '/b/true': { params: { value: true }, body: { value: false } },
  })
  t.match(await refusal('/a/true', { value: 1 }), { data: { details: [{ path: '/params/value' }] } })
  t.match(await refusal('/b/true', { value: 7 }), { data: { details: [{ path: '/auth/value' }] } })
})

t.test('an error handler applies to its context and to those below it', async (t) => {
  const failing = {
    onRequest: async () => {
      throw Object.assign(new Error('No'), { statusCode: 401, code: 'NO' })
    },
  }
  const { refusal } = await serve(t, (app) => {
    app.register(
      async (scope) => {
        scope.setErrorHandler((_error, _request, reply) => reply.code(403).send({ code: 'A', message: 'Not in a' }))
        scope.namespace('/x', failing)
        scope.register(async (inner) => void inner.namespace('/y', failing), { prefix: '/inner' })
      },
      { prefix: '/a' },
    )
    app.register(async (scope) => void scope.namespace('/x', failing), { prefix: '/b' })
  })
  const ours = { message: 'Not in a', data: { code: 'A', statusCode: 403 } }
  t.strictSame(await refusal('/a/x'), ours)
  t.strictSame(await refusal('/a/inner/y'), ours)
  t.strictSame(await refusal('/b/x'), { message: 'No', data: { code: 'NO', statusCode: 401 } })
})

t.test('the log level of a context applies when joining and in every handler', async (t) => {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'info', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const definition = {
    onConnect: ({ log }: { log: { info(text: string): void } }) => log.info('joined'),
    events: {
      talk: { handler: (_payload: unknown, { log }: { log: { info(text: string): void } }) => log.info('talked') },
    },
  }
  const { enter } = await serve(
    t,
    (app) => {
      const declare = async (scope: FastifyInstance) => void scope.namespace('/x', definition)
      app.register(declare, { prefix: '/quiet', logLevel: 'error' })
      app.register(declare, { prefix: '/loud' })
    },
    { logger } as FastifyServerOptions,
  )
  for (const name of ['/quiet/x', '/loud/x']) t.match(await enter(name).emitWithAck('talk'), { ok: true })
  const said = lines.filter(({ msg }) => ['joined', 'talked'].includes(String(msg)))
  t.match(said, [
    { msg: 'joined', namespace: '/loud/x' },
    { msg: 'talked', namespace: '/loud/x' },
  ])
  t.notOk(
    lines.some(({ req }) => String(Object(req).url).startsWith('/quiet')),
    'nor does its request speak',
  )
})

t.test('the prefix of a context may have parameters, which are checked, coerced and typed', async (t) => {
  const params = Type.Object({ orgId: Type.Integer({ minimum: 1 }) })
  const { app, enter, refusal } = await serve(t, (app) => {
    app.register(
      async (org) => {
        org.addHook('preHandler', async (request, reply) => {
          const { orgId } = request.params as { orgId: unknown }
          return orgId === 13 ? reply.code(403).send('Members only') : undefined
        })
        org.namespace('/', {
          schema: { params },
          events: { add: { handler: (_payload, { params }) => params.orgId + 1 } },
        })
        org.register(
          async (room) => {
            room.namespace('/', {
              schema: { params: Type.Object({ ...params.properties, roomId: Type.String({ maxLength: 3 }) }) },
              events: {
                add: { handler: (_payload, { params }) => `${params.orgId + 1}${params.roomId.toUpperCase()}` },
              },
            })
          },
          { prefix: '/rooms/:roomId' },
        )
      },
      { prefix: '/orgs/:orgId' },
    )
  })
  t.strictSame(await enter('/orgs/41').emitWithAck('add'), { ok: true, data: 42 })
  t.strictSame(await enter('/orgs/41/rooms/abc').emitWithAck('add'), { ok: true, data: '42ABC' })
  t.match(await refusal('/orgs/0'), { data: { details: [{ path: '/params/orgId' }] } })
  t.match(await refusal('/orgs/41/rooms/abcd'), { data: { details: [{ path: '/params/roomId' }] } })
  t.match(await refusal('/orgs/13'), { message: 'Members only' })
  t.match(await refusal('/orgs/13/rooms/a'), { message: 'Members only' })
  t.strictSame(
    [...app.io._nsps.keys()].sort(),
    ['/', '/orgs/41', '/orgs/41/rooms/abc'],
    'a refused connect makes no namespace',
  )
})

t.test(
  'joining a namespace runs none of the hooks of /, and hooks of the parent context run for every namespace',
  async (t) => {
    const order: string[] = []
    const say = (word: string) => async () => void order.push(word)
    const { app, enter } = await serve(t, (app) => {
      const e = { handler: () => 'yes' }
      app.namespace('/', { onRequest: say('/'), onConnect: say('/'), eventHooks: { onEvent: say('/') } })
      app.namespace('/early', { events: { e } })
      app.addHook('preHandler', async ({ method, url }) => void (method === 'CONNECT' && order.push(`admitted ${url}`)))
      app.addNamespaceHook('onEvent', ({ namespace }) => void order.push(`event of ${namespace.name}`))
      app.namespace('/orgs/:orgId', { events: { e } })
      app.register(async (scope) => void scope.namespace('/late', { events: { e } }), { prefix: '/v1' })
    })
    for (const name of ['/early', '/orgs/42', '/orgs/43', '/v1/late']) {
      t.match(await enter(name).emitWithAck('e'), { ok: true })
      t.strictSame(order.splice(0), [`admitted ${name}`, `event of ${name}`])
    }
    t.equal(app.io.of('/').sockets.size, 0)
  },
)
