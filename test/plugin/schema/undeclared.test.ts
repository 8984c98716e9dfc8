import { createRequire } from 'node:module'
import { type as ark } from 'arktype'
import Fastify, { type FastifyInstance } from 'fastify'
import { Server } from 'socket.io'
import type * as stock from 'socket.io-adapter'
import * as msgpack from 'socket.io-msgpack-parser'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import { type AnySchema, Binary, type NamespacesOptions } from '../../../plugin/index.js'
import { compileOutgoing } from '../../../plugin/schema/compile.js'
import { compilersOf } from '../../../plugin/schema/fastify-compilers.js'
import { build, join, listen, next, refusal, TRANSPORTS } from '../harness.js'
import { contextCompilers } from '../schema-harness.js'

/*
 * Undeclared properties are never sent, on any way out and with any serializer.
 */

const USER = Type.Object({ id: Type.Integer(), name: Type.String(), photo: Type.Optional(Binary({ maxBytes: 8 })) })
const ROW = { id: '7', name: 'Ada', passwordHash: 'correct horse' }
const SENT = { id: 7, name: 'Ada' }
const PHOTO = Buffer.from('bytes')

const users = {
  emits: { said: { payload: USER }, 'who:are:you': { payload: USER, reply: {} } },
  events: {
    get: { reply: USER, handler: () => ROW },
    'get:later': { reply: USER, handler: async () => ROW },
    photo: { reply: USER, handler: () => ({ ...ROW, photo: PHOTO }) },
    list: { reply: Type.Array(USER), handler: () => [ROW, ROW] },
    fail: {
      errors: { NO: USER },
      handler: (_payload: unknown, { error }: { error: (code: string, data: unknown) => Error }) => {
        throw error('NO', ROW)
      },
    },
    ask: {
      handler: async (_payload: unknown, { ask }: { ask: (event: string, payload: unknown) => Promise<unknown> }) =>
        ask('who:are:you', ROW),
    },
    tell: {
      handler: (_payload: unknown, { emit }: { emit: (event: string, payload: unknown) => unknown }) =>
        void emit('said', ROW),
    },
  },
}

/** Contexts with the serializers that an application may have. */
const WRITERS: Record<string, (app: FastifyInstance) => void> = {
  "Fastify's serializer": () => {},
  'its own serializer, which writes everything': (app) => {
    app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  },
  'its own serializer, under another name': (app) => {
    const serialize = { 'bound responseSchemaCompiler': () => (value: unknown) => JSON.stringify(value) }
    app.setSerializerCompiler(serialize['bound responseSchemaCompiler'])
  },
}

/** Ways out, as options of the server and of the client. */
const WAYS: Record<string, { options?: NamespacesOptions; client?: object; transports?: readonly string[] }> = {
  ...Object.fromEntries(TRANSPORTS.map((transports) => [`over ${transports.join(' and ')}`, { transports }])),
  'with `fast: false`': { options: { fast: false } },
  'with perMessageDeflate': { options: { io: { perMessageDeflate: { threshold: 0 } } } },
  'by another parser': { options: { io: { parser: msgpack } }, client: { parser: msgpack } },
  'by another wsEngine': { options: { io: { wsEngine: WebSocketServer } } as NamespacesOptions },
  'with recovery': { options: { io: { connectionStateRecovery: {} } } },
}

for (const [writer, prepare] of Object.entries(WRITERS)) {
  for (const [way, { options, client, transports = ['websocket'] }] of Object.entries(WAYS)) {
    t.test(`undeclared properties reach no client: ${writer}, ${way}`, async (t) => {
      const app = await build(t, { ...options, namespaces: { '/users': users } }, prepare)
      const url = `http://127.0.0.1:${await listen(app)}`
      const socket = join(t, url, '/users', { transports: [...transports], ...client })
      const all: unknown[] = []
      socket.onAny((...args) => all.push(args))
      socket.on('who:are:you', (user, answer) => answer(user))
      await next(socket, 'connect')
      const ask = async (event: string) => {
        const ack = await socket.emitWithAck(event)
        all.push(ack)
        return ack
      }
      t.strictSame(await ask('get'), { ok: true, data: SENT })
      t.strictSame(await ask('get:later'), { ok: true, data: SENT })
      t.strictSame(await ask('list'), { ok: true, data: [SENT, SENT] })
      t.strictSame(await ask('photo'), { ok: true, data: { ...SENT, photo: PHOTO } })
      t.match(await ask('fail'), { error: { code: 'NO', details: SENT } })
      t.strictSame(await ask('ask'), { ok: true, data: SENT })
      for (const emit of [
        () => app.io.of('/users').emit('said', ROW),
        () =>
          app
            .namespaceOf('/users')
            .to([...app.io.of('/users').sockets.keys()])
            .emit('said', ROW),
        () => [...app.io.of('/users').sockets.values()].map((one) => one.emit('said', ROW)),
        () => ask('tell'),
      ]) {
        const [heard] = await Promise.all([next(socket, 'said'), emit()])
        // with recovery, the offset follows the payload
        t.strictSame(heard[0], SENT)
      }
      t.notMatch(JSON.stringify(all), 'horse')
    })
  }
}

t.test("the output of the application's serializer is sent, on every way out", async (t) => {
  const masked = (app: FastifyInstance) =>
    app.setSerializerCompiler(() => (value) => JSON.stringify(value).replaceAll('Ada', 'A.'))
  for (const [way, { options, client, transports = ['websocket'] }] of Object.entries(WAYS)) {
    const app = await build(t, { ...options, namespaces: { '/users': users } }, masked)
    const url = `http://127.0.0.1:${await listen(app)}`
    const socket = join(t, url, '/users', { transports: [...transports], ...client })
    await next(socket, 'connect')
    t.strictSame(await socket.emitWithAck('get'), { ok: true, data: { id: 7, name: 'A.' } }, way)
    t.match(await socket.emitWithAck('fail'), { error: { details: { id: 7, name: 'A.' } } }, way)
    const heard = next(socket, 'said')
    app.io.of('/users').emit('said', ROW)
    t.strictSame((await heard)[0], { id: 7, name: 'A.' }, way)
    socket.disconnect()
  }
})

t.test("Fastify's own compilers are recognized by its schema controller, not by their names", async (t) => {
  const compilers = await contextCompilers(t)
  t.equal(compilers.isOwnSerializer, true, 'the schema controller is found; without it everything works, but slower')
  t.equal(compilers.isCertain({ type: 'string' }), true, 'also for the validator')
  const own = await contextCompilers(t, {}, (app) => {
    app.setSerializerCompiler(() => (value) => JSON.stringify(value))
    app.setValidatorCompiler(() => () => true)
  })
  t.equal(own.isOwnSerializer, false)
  t.equal(own.isCertain({ type: 'string' }), false)
  const inner = await contextCompilers(t, {
    schemaController: { compilersFactory: { buildSerializer: () => () => (value: unknown) => JSON.stringify(value) } },
  } as never)
  t.equal(inner.isOwnSerializer, false)
})

t.test('without the private schema controller, compilers count as the application’s own', async (t) => {
  const nobody = { getSchemas: () => ({}), validatorCompiler: () => () => true, serializerCompiler: () => String }
  const { isOwnSerializer, isCertain } = compilersOf(nobody as never, '/x')
  t.equal(isOwnSerializer, false)
  t.equal(isCertain({}), false)
})

/** Another copy of Fastify, as if two versions were installed. */
function anotherFastify(): typeof Fastify {
  const require = createRequire(import.meta.url)
  const known = Object.entries(require.cache)
  for (const [name] of known) if (name.includes('/node_modules/fastify/')) delete require.cache[name]
  const copy = require('fastify')
  Object.assign(require.cache, Object.fromEntries(known))
  return copy
}

async function failing(t: Test, create: typeof Fastify, prepare: (app: FastifyInstance) => unknown = () => {}) {
  const app: FastifyInstance = create()
  t.teardown(() => app.close())
  prepare(app)
  const { default: namespaces } = await import('../../../plugin/index.js')
  await app.register(namespaces, {
    namespaces: {
      '/x': {
        onRequest: async (request) => {
          const statusCode = Number(request.query && (request.query as { status?: string }).status) || undefined
          throw Object.assign(new Error('correct horse'), { code: 'A_CODE', ...(statusCode && { statusCode }) })
        },
      },
    },
  })
  return (status?: number) => refusal(app.injectSocket('/x', { query: status ? { status: String(status) } : {} }))
}

t.test('the text of a 5xx reaches no client, with this and with another copy of Fastify', async (t) => {
  const Another = anotherFastify()
  t.not(Another().errorHandler, Fastify().errorHandler, 'it is another')
  for (const create of [Fastify, Another]) {
    const ask = await failing(t, create)
    for (const status of [undefined, 500, 503]) {
      const error = await ask(status)
      t.match(error, { data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
      t.notMatch(JSON.stringify(error), 'horse')
    }
    t.strictSame(await ask(409), { message: 'correct horse', data: { code: 'A_CODE', statusCode: 409 } })
  }
})

t.test('an error handler writes its own texts, whatever its name', async (t) => {
  const handlers = {
    defaultErrorHandler: (
      _error: unknown,
      _request: unknown,
      reply: { code(status: number): { send(body: object): unknown } },
    ) => reply.code(403).send({ code: 'MINE', message: 'My words' }),
  }
  const ask = await failing(t, Fastify, (app) => app.setErrorHandler(handlers.defaultErrorHandler as never))
  t.strictSame(await ask(), { message: 'My words', data: { code: 'MINE', statusCode: 403 } })
})

t.test('the features of an adapter are recognized by its class, not by its source text', async (t) => {
  const { isClusterAdapter } = await import('../../../plugin/sockets/adapter-features.js')
  const require = createRequire(createRequire(import.meta.url).resolve('socket.io'))
  const path = require.resolve('socket.io-adapter')
  type Copy = Pick<typeof stock, 'Adapter' | 'SessionAwareAdapter'>
  const first: Copy = require('socket.io-adapter')
  const known = Object.entries(require.cache)
  for (const [name] of known) if (name.includes('/socket.io-adapter/')) delete require.cache[name]
  const second: Copy = require(path)
  Object.assign(require.cache, Object.fromEntries(known))
  t.not(first.Adapter, second.Adapter, 'it is another copy')
  const io = new Server({ connectionStateRecovery: {} })
  for (const { Adapter, SessionAwareAdapter } of [first, second]) {
    class Silent extends Adapter {}
    class Speaking extends SessionAwareAdapter {
      override serverSideEmit() {}
    }
    // A class with the source text of Socket.IO's own adapter that does reach other nodes: a bundler may inline that text.
    class Alike extends Adapter {}
    Object.defineProperty(Alike.prototype, 'serverSideEmit', { value: Adapter.prototype.serverSideEmit })
    for (const Silenced of [Adapter, SessionAwareAdapter, Silent]) t.notOk(isClusterAdapter(new Silenced(io.of('/'))))
    for (const Heard of [Speaking, Alike]) t.ok(isClusterAdapter(new Heard(io.of('/'))))
    t.ok(
      isClusterAdapter(Object.assign(new Silent(io.of('/')) as object, { serverSideEmit: () => {} }) as never),
      'its own',
    )
  }
  t.notOk(isClusterAdapter({} as never), 'an adapter without the method')
  t.ok(isClusterAdapter({ serverSideEmit: () => {} } as never), 'an adapter without a base class')
})

t.test('the output of a Standard Schema that keeps undeclared properties is stripped by its JSON Schema', async (t) => {
  const compilers = await contextCompilers(t)
  const out = (schema: AnySchema, value: unknown) => compileOutgoing(schema, compilers).check(value)
  const row = { ...ROW, in: { a: 'a', secret: 1 } }
  const before = JSON.stringify(row)
  const id = ark({ id: 'string' })
  t.strictSame(out(ark({ id: 'string', in: { a: 'string' } }), row), { id: '7', in: { a: 'a' } })
  t.strictSame(out(id.array(), [row, row]), [{ id: '7' }, { id: '7' }])
  t.strictSame(out(id.or({ other: 'string' }), row), { id: '7' })
  t.strictSame(out(id.or('null'), null), null)
  t.strictSame(out(ark({ id: 'string.numeric.parse' }), row), { id: 7 })
  t.strictSame(out(ark({ at: 'Date', data: 'TypedArray.Uint8' }), { at: new Date(0), data: PHOTO, more: 1 }), {
    at: new Date(0).toISOString(),
    data: PHOTO,
  })
  t.strictSame(
    out(
      id.pipe((value) => ({ ...value, made: 1 })),
      row,
    ),
    { id: '7', made: 1 },
    'what goes into a pipe is stripped',
  )
  t.strictSame(
    out(ark({ '[string]': 'unknown' }), row),
    row,
    'undeclared properties are sent where the schema allows them',
  )
  t.strictSame(out(z.looseObject({ id: z.string() }), row), row)
  t.strictSame(out(z.object({ id: z.string() }), row), { id: '7' })
  t.strictSame(out(z.object({ at: z.date() }), { at: new Date(0) }), { at: new Date(0) }, 'a Date stays a Date')
  t.strictSame(out(v.object({ id: v.string() }), row), { id: '7' })
  t.throws(() => out(ark({ 'a?': 'string' }), PHOTO), { message: '/ must not be binary' })
  t.equal(JSON.stringify(row), before, 'the original value is not changed')
})
