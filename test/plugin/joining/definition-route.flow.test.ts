import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import * as z from 'zod'
import { type AnyNamespaceDefinition, defineNamespace } from '../../../plugin/index.js'
import { build, client, logLines, refusal, until, withResolvers } from '../harness.js'

/*
 * A definition accepts the options of a route that apply to a connect.
 */

t.test('a definition has a config, for its own rate limit and for hooks of the root instance', async (t) => {
  const closed = defineNamespace({ config: { rateLimit: { max: 2, timeWindow: 60_000 } } })
  const open = defineNamespace({ config: { public: true } as object })
  const app = await build(t, { namespaces: {} }, async (app) => {
    await app.register(rateLimit, { global: false })
    app.addHook('preHandler', async (request, reply) => {
      const { config } = request.routeOptions
      if (request.method !== 'CONNECT' || Object(config).public || Object(request.body).token) return
      return reply.code(401).send({ code: 'NO_TOKEN', message: 'Who is there?' })
    })
  })
  app.namespace('/closed', closed).namespace('/open', open)
  const socket = await app.injectSocket('/open')
  t.match((await refusal(socket.join('/closed'))).data, { code: 'NO_TOKEN', statusCode: 401 })
  const member = await socket.join('/closed', { auth: { token: 'x' } })
  member.disconnect()
  const { data } = await refusal(app.injectSocket('/closed', { auth: { token: 'x' } }))
  t.match(data, { statusCode: 429 }, 'three joins, and two were allowed')
  for (let count = 0; count < 4; count++) t.ok((await app.injectSocket('/open')).connected, 'the other has no limit')
})

t.test(
  'the rate limit of a definition runs after every onRequest hook: a refusal by preValidation is counted',
  async (t) => {
    const refuse = async () => {
      throw Object.assign(new Error('Wrong token'), { statusCode: 401 })
    }
    const config = { rateLimit: { max: 2, timeWindow: 60_000 } }
    const app = await build(t, { namespaces: {} }, (app) => app.register(rateLimit, { global: false }))
    app.namespace('/early', defineNamespace({ config, onRequest: refuse }))
    app.namespace('/late', defineNamespace({ config, preValidation: refuse }))
    const statuses = async (address: string) => {
      const refusals = [1, 2, 3].map(
        async () => (await refusal(app.injectSocket(address))).data as { statusCode: number },
      )
      return (await Promise.all(refusals)).map(({ statusCode }) => statusCode).sort()
    }
    t.strictSame(await statuses('/early'), [401, 401, 401])
    t.strictSame(await statuses('/late'), [401, 401, 429])
  },
)

t.test('a rate limit has no effect if @fastify/rate-limit is not registered, or is registered later', async (t) => {
  const limited = defineNamespace({ config: { rateLimit: { max: 1, timeWindow: 60_000 } } })
  const app = await build(t, { namespaces: { '/chat': limited } })
  await app.register(rateLimit, { global: false })
  for (let count = 0; count < 3; count++) t.ok((await app.injectSocket('/chat')).connected)
})

t.test("the hooks of a definition run in the order of a route's hooks", async (t) => {
  const ran: string[] = []
  const note = (name: string) => async () => void ran.push(name)
  const definition = defineNamespace({
    onRequest: note('onRequest'),
    preParsing: note('preParsing'),
    preValidation: note('preValidation'),
    preHandler: [note('preHandler'), async (request, reply) => Object(request.body).no && reply.send({ code: 'NO' })],
    preSerialization: async (_request, _reply, payload) => ({ ...Object(payload), message: 'Not today' }),
    onSend: async (_request, _reply, payload) => String(payload).replace('today', 'now'),
    onResponse: note('onResponse'),
  })
  const app = await build(t, { namespaces: { '/chat': definition } })
  await app.injectSocket('/chat')
  await until(() => ran.includes('onResponse'))
  t.strictSame(ran, ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onResponse'])
  const { message, data } = await refusal(app.injectSocket('/chat', { auth: { no: true } }))
  t.equal(message, 'Not now')
  t.match(data, { code: 'NO' })
})

t.test('the errorHandler of a definition writes its refusals', async (t) => {
  const definition = defineNamespace({
    onRequest: async () => {
      throw Object.assign(new Error('secret'), { statusCode: 402 })
    },
    errorHandler(error, _request, reply) {
      reply.code(error.statusCode ?? 500).send({ code: 'PAY', message: `Pay ${this.prefix}`, details: { price: 7 } })
    },
  })
  const app = await build(t, {})
  app.register(async (scope) => void scope.namespace('/chat', definition), { prefix: '/v1' })
  const { message, data } = await refusal(app.injectSocket('/v1/chat'))
  t.equal(message, 'Pay /v1')
  t.strictSame(data, { code: 'PAY', statusCode: 402, details: { price: 7 } })
})

t.test('the logLevel and the logSerializers of a definition apply to its sockets', async (t) => {
  const { lines, logger } = logLines()
  const definition = defineNamespace({
    logLevel: 'warn',
    logSerializers: { token: () => 'hidden' },
    onConnect: ({ log }) => {
      log.info('not written')
      log.warn({ token: 'abc' }, 'written')
    },
  })
  const app = await build(t, { namespaces: { '/chat': definition } }, undefined, { logger })
  await app.injectSocket('/chat')
  t.match(
    lines.filter(({ namespace, msg }) => namespace === '/chat' && String(msg).includes('written')),
    [{ msg: 'written', token: 'hidden' }],
  )
})

t.test('the schemaErrorFormatter of a definition writes the message of a mismatch', async (t) => {
  const definition = defineNamespace({
    schema: { auth: { type: 'object', required: ['token'] } },
    schemaErrorFormatter: () => new Error('A token, please'),
  })
  const app = await build(t, { namespaces: { '/chat': definition } })
  const { message, data } = await refusal(app.injectSocket('/chat'))
  t.equal(message, 'A token, please')
  t.match(data, { code: 'FST_NSP_CONNECT_INVALID' })
})

t.test('with attachValidation, hooks handle a mismatch, whatever the kind of schema', async (t) => {
  for (const auth of [{ type: 'object', required: ['token'] }, z.object({ token: z.string() })]) {
    const seen: unknown[] = []
    const definition = defineNamespace({
      schema: { auth, querystring: z.object({}) },
      attachValidation: true,
      preHandler: async ({ validationError }) => void seen.push(validationError?.validationContext),
    })
    const app = await build(t, { namespaces: { '/chat': definition } })
    await app.injectSocket('/chat', { auth: { token: 'x' } })
    await app.injectSocket('/chat')
    t.strictSame(seen, [undefined, 'body'])
  }
})

t.test('a Standard Schema that throws is not a mismatch: it refuses the connect', async (t) => {
  const auth = z.object({}).refine(() => {
    throw new Error('secret')
  })
  const app = await build(t, { namespaces: { '/chat': { schema: { auth }, attachValidation: true } } })
  t.match((await refusal(app.injectSocket('/chat'))).data, { code: 'FST_NSP_INTERNAL' })
})

t.test('`this` is the declaring instance in every function of a definition', async (t) => {
  const seen = new Map<string, string>()
  function noteAs(name: string) {
    return function (this: FastifyInstance) {
      seen.set(name, this.prefix)
    }
  }
  const joining = (name: string) =>
    async function (this: FastifyInstance) {
      seen.set(name, this.prefix)
    }
  const hooks = Object.fromEntries(
    ['onEvent', 'preValidation', 'preHandler', 'onAck', 'onError'].map((name) => [name, noteAs(`event ${name}`)]),
  )
  const own = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend', 'onResponse']
  const gone = withResolvers()
  const definition: AnyNamespaceDefinition = {
    ...Object.fromEntries(own.map((name) => [name, joining(name)])),
    expiresAt() {
      seen.set('expiresAt', this.prefix)
      return undefined
    },
    onConnect: noteAs('onConnect'),
    onDisconnect() {
      seen.set('onDisconnect', this.prefix)
      gone.resolve()
    },
    eventHooks: hooks,
    events: {
      echo: {
        idempotency: {
          key() {
            seen.set('key', this.prefix)
            return 'one'
          },
        },
        handler() {
          seen.set('handler', this.prefix)
          throw new Error('no')
        },
      },
    },
  }
  const app = await build(t, {})
  app.register(async (scope) => void scope.namespace('/chat', definition as never), { prefix: '/v1' })
  const socket = await app.injectSocket('/v1/chat')
  await socket.emitWithAck('echo')
  await until(() => seen.has('event onAck') && seen.has('event onError') && seen.has('onResponse'))
  await socket.close()
  await gone.promise
  // Fastify does not serialize a response without a body.
  const expected = [...own.filter((name) => name !== 'preSerialization'), 'expiresAt', 'onConnect', 'onDisconnect']
  expected.push('key', 'handler', ...Object.keys(hooks).map((name) => `event ${name}`))
  t.strictSame([...seen.keys()].sort(), expected.sort())
  for (const [name, prefix] of seen) t.equal(prefix, '/v1', name)
})

t.test('`this` of onRecover is the instance, too', async (t) => {
  const seen: unknown[] = []
  const definition = defineNamespace({
    onRecover() {
      seen.push(this.hasDecorator('namespace'))
    },
  })
  const { socket } = await client(t, definition, { io: { connectionStateRecovery: {} } })
  socket.io.engine.close()
  socket.connect()
  await until(() => seen.length > 0)
  t.strictSame(seen, [true])
})

t.test('a hook that is added after the instance is ready is refused, as addHook does', async (t) => {
  const app = await build(t)
  app.addNamespaceHook('onEvent', () => {})
  await app.ready()
  t.throws(() => app.addHook('onRequest', async () => {}), { code: 'FST_ERR_INSTANCE_ALREADY_LISTENING' })
  t.throws(() => app.addNamespaceHook('onEvent', () => {}), { code: 'FST_NSP_HOOK_LATE' })
})

t.test('the route options of a definition are checked, and an error has the path of the option', async (t) => {
  for (const [definition, problem] of [
    [{ config: 1 }, '.config must be an object: got number'],
    [{ logLevel: 1 }, '.logLevel must be a string: got number'],
    [{ errorHandler: {} }, '.errorHandler must be a function: got object'],
    [{ attachValidation: 'yes' }, '.attachValidation must be a boolean: got string'],
    [{ onSend: [1] }, '.onSend must be a function, or an array of functions: got number'],
    [{ bodyLimit: 1 }, '.bodyLimit is unknown'],
  ] as const) {
    const app = build(t, { namespaces: { '/chat': definition as object } })
    await t.rejects(app, { code: 'FST_NSP_DEFINITION_INVALID', message: new RegExp(problem.replaceAll('.', '\\.')) })
  }
})
