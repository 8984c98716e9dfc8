import { Type as LegacyType } from '@sinclair/typebox'
import { type as ark } from 'arktype'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import { compileContract } from '../../../plugin/definition/compile-contract.js'
import { normalizeDefinition } from '../../../plugin/definition/normalize/normalize-definition.js'
import { createEmitCheck } from '../../../plugin/events/emits/check-emit.js'
import { type AnyNamespaceDefinition, type AnySchema, type AskOptions, defineNamespace } from '../../../plugin/index.js'
import type { Compilers } from '../../../plugin/schema/compile.js'
import { build, client, next, until } from '../harness.js'

const invalid = (details: unknown) => ({
  ok: false,
  error: { code: 'FST_NSP_EVENT_INVALID', statusCode: 400, message: 'The payload does not fit its schema', details },
})
const replyInvalid = {
  ok: false,
  error: { code: 'FST_NSP_REPLY_INVALID', statusCode: 500, message: 'The reply could not be sent' },
}

/** `{ text: string }` in every kind of schema. */
const KINDS: Record<string, AnySchema> = {
  'JSON Schema': { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  'TypeBox 1': Type.Object({ text: Type.String() }),
  'TypeBox 0.34': LegacyType.Object({ text: LegacyType.String() }),
  'Zod 4': z.object({ text: z.string() }),
  'Zod 4, asynchronous': z.object({ text: z.string().refine(async () => true) }),
  Valibot: v.object({ text: v.string() }),
  'Valibot, asynchronous': v.objectAsync({
    text: v.pipeAsync(
      v.string(),
      v.checkAsync(async () => true),
    ),
  }),
  ArkType: ark({ text: 'string' }),
}

for (const [kind, schema] of Object.entries(KINDS)) {
  t.test(`payload, reply and errors are checked: ${kind}`, async (t) => {
    let calls = 0
    const { socket, lines } = await client(t, {
      events: {
        echo: {
          payload: schema,
          handler: (payload) => {
            calls++
            return payload
          },
        },
        reply: { reply: schema, handler: (payload) => payload },
        fail: {
          errors: { SAID: schema },
          handler: (payload, { error }) => {
            throw error('SAID', payload)
          },
        },
      },
    })
    t.strictSame(await socket.emitWithAck('echo', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
    t.match(await socket.emitWithAck('echo', { text: {} }), invalid([{ path: '/text', message: String }]))
    t.match(await socket.emitWithAck('echo'), invalid([{ path: '', message: String }]))
    t.equal(calls, 1, 'the handler was called for valid payloads only')

    t.strictSame(await socket.emitWithAck('reply', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
    t.match(await socket.emitWithAck('reply', { text: {} }), replyInvalid)
    t.match(
      lines.filter(({ msg }) => msg === 'reply does not fit its schema'),
      [{ event: 'reply', namespace: '/chat', err: { message: /^\/text / } }],
    )

    t.strictSame(await socket.emitWithAck('fail', { text: 'hi' }), {
      ok: false,
      error: { code: 'SAID', statusCode: 400, message: 'SAID', details: { text: 'hi' } },
    })
    const { error } = await socket.emitWithAck('fail', { text: {} })
    t.match(error, { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error', details: { id: String } })
    t.match(
      lines.filter(({ errorId }) => errorId === error.details.id),
      [{ event: 'fail', msg: 'event failed', err: { code: 'SAID' } }],
    )
  })

  if (kind.includes('asynchronous')) continue
  t.test(`emits are checked by the call that emits them: ${kind}`, async (t) => {
    const { app, socket } = await client(t, { emits: { said: { payload: schema } } })
    const other = await app.injectSocket('/chat')
    const heard = [next(socket, 'said'), next(other, 'said')]
    const wrong = {
      code: 'FST_NSP_EMIT_INVALID',
      message: /^The payload of the emit said of \/chat does not fit its schema: /,
    }
    t.throws(() => app.io.of('/chat').emit('said', { text: {} }), wrong)
    t.throws(() => app.io.of('/chat').emit('said'), wrong)
    for (const one of app.io.of('/chat').sockets.values()) t.throws(() => one.emit('said', 7), wrong)
    app.io.of('/chat').emit('said', { text: 'hi' })
    t.strictSame(await Promise.all(heard), [[{ text: 'hi' }], [{ text: 'hi' }]], 'nothing else was sent')
  })
}

t.test('a transforming schema gives the handler its output, and the client the output of the reply', async (t) => {
  const inDate = z.object({
    when: z.string().transform((text) => new Date(text)),
    limit: z.coerce.number().default(10),
  })
  const { socket } = await client(
    t,
    defineNamespace({
      events: {
        zod: {
          payload: inDate,
          reply: z.number().transform((year) => `the year ${year}`),
          handler: ({ when, limit }) => when.getUTCFullYear() + limit,
        },
        valibot: {
          payload: v.pipe(
            v.string(),
            v.transform((text) => new Date(text)),
          ),
          reply: v.pipe(
            v.number(),
            v.transform((year) => ({ year })),
          ),
          handler: (when) => when.getUTCFullYear(),
        },
        ark: {
          payload: ark('string.date.parse'),
          reply: ark('number').pipe((year) => [year]),
          handler: (when) => when.getUTCFullYear(),
        },
        later: {
          payload: v.pipeAsync(
            v.string(),
            v.transformAsync(async (text) => text.length),
          ),
          reply: z.number().transform(async (length) => ({ length })),
          handler: async (length) => length,
        },
      },
    }),
  )
  t.strictSame(await socket.emitWithAck('zod', { when: '2030-01-01' }), { ok: true, data: 'the year 2040' })
  t.strictSame(await socket.emitWithAck('zod', { when: '2030-01-01', limit: '1' }), { ok: true, data: 'the year 2031' })
  t.strictSame(await socket.emitWithAck('valibot', '2030-01-01'), { ok: true, data: { year: 2030 } })
  t.strictSame(await socket.emitWithAck('ark', '2030-01-01'), { ok: true, data: [2030] })
  t.strictSame(await socket.emitWithAck('later', 'four'), { ok: true, data: { length: 4 } })
})

t.test(
  "JSON Schema coerces, fills in defaults and removes properties as Fastify's Ajv does, at the root too",
  async (t) => {
    const seen: unknown[] = []
    const body = {
      type: 'object',
      properties: { n: { type: 'integer' }, unit: { type: 'string', default: 'm' }, list: { type: 'array' } },
      additionalProperties: false,
    }
    const { app, socket } = await client(
      t,
      {
        events: {
          root: { payload: { type: 'integer' }, handler: (payload) => void seen.push(payload) },
          flag: { payload: { type: 'boolean' }, handler: (payload) => void seen.push(payload) },
          object: { payload: body, handler: (payload) => void seen.push(payload) },
          reply: { reply: body, handler: () => ({ n: '7', secret: 'not declared' }) },
        },
      },
      {},
      (app) => app.post('/', { schema: { body } }, async ({ body }) => body as object),
    )
    t.match(await socket.emitWithAck('root', '5'), { ok: true })
    t.match(await socket.emitWithAck('flag', 'true'), { ok: true })
    t.match(await socket.emitWithAck('object', { n: '5', list: 'one', extra: 1 }), { ok: true })
    t.strictSame(seen, [5, true, { n: 5, list: ['one'], unit: 'm' }])
    t.strictSame(await socket.emitWithAck('root', 'five'), invalid([{ path: '', message: 'must be integer' }]))
    t.strictSame(await socket.emitWithAck('reply'), { ok: true, data: { n: 7, unit: 'm' } })

    const route = await app.inject({ method: 'POST', url: '/', payload: { n: '5', list: 'one', extra: 1 } })
    t.strictSame(route.json(), seen[2], 'a route has the same result')
  },
)

t.test(
  '$ref resolves to the schemas of the declaring context, and contexts with the same $id are independent',
  async (t) => {
    const declare = (app: FastifyInstance, prefix: string, type: string) =>
      app.register(
        async (scope) => {
          scope.addSchema({ $id: 'thing', type: 'object', properties: { id: { type } }, required: ['id'] })
          scope.namespace('/things', {
            emits: { thing: { payload: { $ref: 'thing#' } } },
            events: { put: { payload: { $ref: 'thing#' }, handler: (payload) => payload } },
          })
        },
        { prefix },
      )
    const app = await build(t)
    declare(app, '/a', 'number')
    declare(app, '/b', 'string')
    const a = await app.injectSocket('/a/things')
    const b = await a.join('/b/things')
    t.strictSame(await a.emitWithAck('put', { id: '7' }), { ok: true, data: { id: 7 } })
    t.strictSame(await b.emitWithAck('put', { id: '7' }), { ok: true, data: { id: '7' } })
    t.strictSame(await a.emitWithAck('put', { id: 'x' }), invalid([{ path: '/id', message: 'must be number' }]))
    t.throws(() => app.io.of('/a/things').emit('thing', { id: 'x' }), { code: 'FST_NSP_EMIT_INVALID' })
    t.doesNotThrow(() => app.io.of('/b/things').emit('thing', { id: 'x' }))
  },
)

t.test('options of Ajv that are given to Fastify apply', async (t) => {
  const payload = { type: 'object', properties: { n: { type: 'integer' }, m: { type: 'integer' } } }
  const { socket } = await client(t, { events: { put: { payload, handler: (payload) => payload } } }, {}, undefined, {
    ajv: { customOptions: { coerceTypes: false, allErrors: true } },
  })
  t.strictSame(
    await socket.emitWithAck('put', { n: '5', m: '6' }),
    invalid([
      { path: '/n', message: 'must be integer' },
      { path: '/m', message: 'must be integer' },
    ]),
  )
})

t.test("a context's own validator compiler is used, with every result that Fastify accepts", async (t) => {
  const compilers: Record<string, (schema: unknown) => (value: unknown) => unknown> = {
    boolean: () => (value) => value === 'good',
    error: () => (value) => (value === 'good' ? { value } : { error: new Error('is not good') }),
    value: () => (value) => ({ value: `${value} indeed` }),
    promise: () => async (value) => value === 'good',
    errors: () =>
      Object.assign((value: unknown) => value === 'good', { errors: [{ instancePath: '/a', message: 'is bad' }] }),
  }
  const app = await build(t)
  for (const [name, compiler] of Object.entries(compilers)) {
    app.register(async (scope) => {
      scope.setValidatorCompiler(({ schema }) => compiler(schema) as never)
      scope.namespace(`/${name}`, { events: { put: { payload: { any: 'thing' }, handler: (payload) => payload } } })
    })
  }
  const socket = await app.injectSocket('/chat')
  const put = async (name: string, value: string) => (await socket.join(`/${name}`)).emitWithAck('put', value)
  for (const name of ['boolean', 'error', 'promise', 'errors']) {
    t.strictSame(await put(name, 'good'), { ok: true, data: 'good' }, name)
  }
  t.strictSame(await put('value', 'good'), { ok: true, data: 'good indeed' })
  t.strictSame(await put('boolean', 'bad'), invalid([{ path: '', message: 'is invalid' }]))
  t.strictSame(await put('promise', 'bad'), invalid([{ path: '', message: 'is invalid' }]))
  t.strictSame(await put('error', 'bad'), invalid([{ path: '', message: 'is not good' }]))
  t.strictSame(await put('errors', 'bad'), invalid([{ path: '/a', message: 'is bad' }]))
})

t.test('details have escaped JSON pointers and do not repeat the payload', async (t) => {
  const inner = { type: 'object', properties: { '~t': { type: 'object' } } }
  const { socket } = await client(t, {
    events: {
      json: { payload: { type: 'object', properties: { 'a/b': { type: 'array', items: inner } } }, handler: () => {} },
      zod: { payload: z.object({ 'a/b': z.array(z.object({ '~t': z.object({}) })) }), handler: () => {} },
    },
  })
  for (const event of ['json', 'zod']) {
    const ack = await socket.emitWithAck(event, { 'a/b': [{ '~t': {} }, { '~t': 'correct horse' }] })
    t.match(ack, invalid([{ path: '/a~1b/1/~0t', message: String }]), event)
    t.notMatch(JSON.stringify(ack), 'horse', event)
  }
})

for (const [kind, payload] of Object.entries({
  Valibot: v.object({ pin: v.number() }),
  ArkType: ark({ pin: 'string.numeric' }),
  'Zod 4': z.object({ pin: z.enum(['a', 'b']) }),
})) {
  t.test(`details do not repeat the payload, nor does the log: ${kind}`, async (t) => {
    const { socket, lines } = await client(t, {
      events: {
        put: { payload, handler: () => {} },
        get: { reply: payload, handler: () => ({ pin: 'correct horse' }) },
      },
    })
    t.notMatch(JSON.stringify(await socket.emitWithAck('put', { pin: 'correct horse' })), 'horse')
    t.match(await socket.emitWithAck('get'), replyInvalid)
    t.notMatch(JSON.stringify(lines), 'horse')
  })
}

t.test('a schema that does not compile fails at boot, naming namespace, event and path', async (t) => {
  const bad = { type: 'no type' }
  const handler = () => {}
  const wrong: [definition: AnyNamespaceDefinition, place: string][] = [
    [{ events: { 'a:b': { payload: bad, handler } } }, '/x events["a:b"].payload'],
    [{ events: { 'a:b': { reply: bad, handler } } }, '/x events["a:b"].reply'],
    [{ events: { 'a:b': { errors: { NO: bad }, handler } } }, '/x events["a:b"].errors["NO"]'],
    [{ emits: { 'a:b': { payload: bad } } }, '/x emits["a:b"].payload'],
    [{ emits: { 'a:b': { reply: { $ref: 'missing#' } } } }, '/x emits["a:b"].reply'],
    [{ emits: { 'a:b': { payload: { $ref: 'bad#' } } } }, '/x emits["a:b"].payload'],
    [{ events: { 'a:b': { reply: { $ref: 'bad#/definitions/good' }, handler } } }, '/x events["a:b"].reply'],
  ]
  for (const [definition, place] of wrong) {
    const app = await build(t, { namespaces: { '/x': definition } })
    app.addSchema({ $id: 'bad', 'no keyword': 1, definitions: { good: { type: 'string' } } })
    await t.rejects(async () => void (await app.ready()), {
      code: 'FST_NSP_DEFINITION_INVALID',
      message: new RegExp(`^Definition ${place.replaceAll(/[[\].]/g, '\\$&')} is not a valid schema: `),
    })
  }
})

t.test('an asynchronous schema of an emit is refused at boot', async (t) => {
  const asynchronous = v.pipeAsync(
    v.any(),
    v.checkAsync(async () => false),
  )
  const app = await build(t, { namespaces: { '/x': { emits: { said: { payload: asynchronous } } } } })
  await t.rejects(async () => void (await app.ready()), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message: /^Definition \/x emits\["said"\]\.payload is asynchronous: /,
  })
})

t.test('an asynchronous schema of an emit that boot can not detect is refused by the call that emits', async (t) => {
  const { app } = await client(t, { emits: { said: { payload: z.string().refine(async () => true) } } })
  t.throws(() => app.io.of('/chat').emit('said', 'hi'), { code: 'FST_NSP_EMIT_INVALID', message: /asynchronous/ })
})

t.test('a schema of an emit may fail for values that are never emitted', async (t) => {
  const { app, socket } = await client(t, {
    emits: {
      zod: { payload: z.preprocess((text) => (text as string).trim(), z.string()) },
      valibot: {
        payload: v.pipe(
          v.any(),
          v.transform((text) => text.trim()),
        ),
      },
    },
  })
  for (const event of ['zod', 'valibot']) {
    app.io.of('/chat').emit(event, ' hi ')
    t.equal(await socket.nextEvent(event), 'hi')
  }
})

t.test('an emit is checked once for all receivers, and its argument is not changed', async (t) => {
  let checks = 0
  const counted = z.object({ n: z.number() }).refine(() => ++checks)
  const { app, socket } = await client(t, {
    emits: {
      counted: { payload: counted },
      made: {
        payload: {
          type: 'object',
          properties: { n: { type: 'integer' }, at: { type: 'string' }, unit: { type: 'string', default: 'm' } },
          additionalProperties: false,
        },
      },
    },
  })
  const all = [socket, await app.injectSocket('/chat'), await app.injectSocket('/chat')]
  const hear = (event: string) => Promise.all(all.map((one) => one.nextEvent(event)))
  const before = checks
  app.io.of('/chat').emit('counted', { n: 1 })
  t.strictSame(await hear('counted'), [{ n: 1 }, { n: 1 }, { n: 1 }])
  t.equal(checks - before, 1)

  const held = { n: '5', secret: 'not declared', at: new Date(0) }
  app.io.of('/chat').emit('made', held)
  for (const payload of await hear('made')) t.strictSame(payload, { n: 5, unit: 'm', at: '1970-01-01T00:00:00.000Z' })
  t.strictSame(held, { n: '5', secret: 'not declared', at: new Date(0) })
})

t.test('the return value of a handler is not changed, either', async (t) => {
  const held = { n: '5', secret: 'not declared' }
  const reply = { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false }
  const { socket } = await client(t, { events: { get: { reply, handler: () => held } } })
  t.strictSame(await socket.emitWithAck('get'), { ok: true, data: { n: 5 } })
  t.strictSame(held, { n: '5', secret: 'not declared' })
})

t.test('a transforming schema sends its output of an emit', async (t) => {
  const { app, socket } = await client(t, {
    emits: { price: { payload: z.number().transform((cents) => `€ ${cents / 100}`) } },
  })
  app.io.of('/chat').emit('price', 250)
  t.equal(await socket.nextEvent('price'), '€ 2.5')
})

t.test('a declared error is sent with its data; an undeclared one is not sent', async (t) => {
  const { socket, lines } = await client(t, {
    events: {
      join: {
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }), CLOSED: true },
        handler: (payload, { error }) => {
          throw payload === 'undeclared' ? error('ROOM_EMPTY', {}) : error(String(payload), { max: 3 })
        },
      },
      throw: {
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
        handler: (payload) => {
          throw Object.assign(new Error('My own words'), payload)
        },
      },
    },
  })
  t.strictSame(await socket.emitWithAck('join', 'ROOM_FULL'), {
    ok: false,
    error: { code: 'ROOM_FULL', statusCode: 400, message: 'ROOM_FULL', details: { max: 3 } },
  })
  t.match(await socket.emitWithAck('join', 'CLOSED'), { error: { code: 'CLOSED', details: { max: 3 } } })

  const { error } = await socket.emitWithAck('join', 'undeclared')
  t.match(error, { code: 'FST_NSP_INTERNAL', details: { id: String } })
  t.match(
    lines.find(({ errorId }) => errorId === error.details.id),
    { err: { code: 'FST_NSP_ERROR_UNDECLARED', message: /^The error ROOM_EMPTY is not declared by the event join/ } },
  )

  const own = { code: 'ROOM_FULL', statusCode: 409, details: { max: 3 } }
  t.strictSame(await socket.emitWithAck('throw', own), { ok: false, error: { ...own, message: 'My own words' } })
  const undeclared = await socket.emitWithAck('throw', { ...own, code: 'NOT_DECLARED' })
  t.match(undeclared, { error: { code: 'FST_NSP_INTERNAL', message: 'Internal error' } })
  t.notMatch(JSON.stringify(undeclared), 'words')
})

const NO_COMPILERS: Compilers = {
  compile: () => () => true,
  isCertain: () => false,
  compileSerializer: () => () => undefined,
  isOwnSerializer: false,
  resolveRef: () => undefined,
}

t.test('an undeclared emit throws in development, and is sent in production', async (t) => {
  const definition = normalizeDefinition({ emits: { said: {} } }, 'at')
  const contract = compileContract('/x', definition, NO_COMPILERS)
  const development = createEmitCheck(() => contract, true)
  const production = createEmitCheck(() => contract, false)
  const args = [1]
  t.throws(() => development.check('/x', 'typo', args), {
    code: 'FST_NSP_EMIT_UNKNOWN',
    message: 'The emit typo is not declared in the definition of /x: add it to `emits`',
  })
  t.equal(production.check('/x', 'typo', args), args)
  t.equal(development.check('/x', 'said', args), args, 'without a schema nothing is checked')
})

t.test('a definition without `emits`, and a namespace without a definition, may emit anything', async (t) => {
  const contract = compileContract('/x', normalizeDefinition({}, 'at'), NO_COMPILERS)
  const args = [1]
  t.equal(createEmitCheck(() => contract, true).check('/x', 'any', args), args)
  t.equal(createEmitCheck(() => undefined, true).check('/x', 'any', args), args)
})

t.test('an undeclared emit throws from the call that emits', async (t) => {
  const { app, socket, lines } = await client(t, {
    emits: { said: { payload: { type: 'string' } } },
    events: { try: { handler: (_payload, { emit }) => void emit('typo') } },
  })
  t.throws(() => app.io.of('/chat').emit('typo'), { code: 'FST_NSP_EMIT_UNKNOWN' })
  const { error } = await socket.emitWithAck('try')
  t.equal(error.code, 'FST_NSP_INTERNAL')
  t.match(
    lines.find(({ errorId }) => errorId === error.details.id),
    { err: { code: 'FST_NSP_EMIT_UNKNOWN' } },
  )
})

const QUIZ = defineNamespace({
  emits: {
    quiz: { payload: Type.String(), reply: z.object({ choice: z.coerce.number() }) },
    open: { reply: Type.Integer() },
    free: {},
  },
})

t.test('ask() resolves to the checked answer of one client, or rejects with the reason', async (t) => {
  let ask: (event: string, payload?: unknown, options?: AskOptions) => Promise<unknown> = async () =>
    t.fail('no socket has joined')
  const onConnect = (context: { ask: typeof ask }) => {
    ask = context.ask
  }
  const { socket } = await client(t, { ...QUIZ, onConnect })
  socket.on('quiz', (question, answer) => {
    if (question !== 'nothing') answer(question === 'wrong' ? { choice: 'none' } : { choice: '7', extra: true })
  })
  socket.on('open', (answer) => answer('9'))
  socket.on('free', (...args) => args.at(-1)([args.length]))

  t.strictSame(await ask('quiz', 'right'), { choice: 7 })
  t.equal(await ask('open'), 9, 'a scalar is coerced')
  t.strictSame(await ask('free'), [1], 'without a payload none is sent, and without a schema any answer is accepted')
  await t.rejects(ask('quiz', 'wrong'), {
    code: 'FST_NSP_ANSWER_INVALID',
    message: /^A client's answer to the emit quiz does not fit its schema: \/choice /,
  })
  await t.rejects(ask('quiz', 'nothing', { timeoutMs: 10 }), {
    code: 'FST_NSP_ANSWER_TIMEOUT',
    message:
      'The client did not answer the emit quiz in time: handle this error, or call ask() with a longer timeoutMs',
  })
  await t.rejects(ask('quiz', {}, { timeoutMs: 10 }), { code: 'FST_NSP_EMIT_INVALID' })
  await t.rejects(ask('typo', 7, { timeoutMs: 10 }), { code: 'FST_NSP_EMIT_UNKNOWN' })
})

t.test('to(room).ask() resolves to the answers, and to the ids of the sockets without one', async (t) => {
  let checks = 0
  const said = z.string().refine(() => ++checks)
  const { app, socket } = await client(t, {
    emits: { ...QUIZ.emits, quiz: { ...QUIZ.emits?.quiz, payload: said } },
    onConnect: ({ socket }) => socket.join('room'),
    events: {
      ask: {
        handler: async (payload, { to }) => {
          const { answers, missing } = await to('room').ask('quiz', payload, { timeoutMs: 1_500 })
          return { answers: Object.fromEntries(answers), missing: missing.sort() }
        },
      },
      open: {
        handler: async (_payload, { to }) => [
          ...(await to(['room', 'other']).except('out').ask('open')).answers.values(),
        ],
      },
      nobody: { handler: async (_payload, { to }) => (await to('empty').ask('quiz', 'x')).missing },
    },
  })
  const enter = () => app.injectSocket('/chat')
  const [right, wrong, silent] = [await enter(), await enter(), await enter()]
  right.on('quiz', (_question, answer) => answer({ choice: 1 }))
  wrong.on('quiz', (_question, answer) => answer('what?'))
  socket.on('quiz', () => t.fail('the asking socket was asked'))

  t.strictSame(await socket.emitWithAck('nobody'), { ok: true, data: [] })
  const before = checks
  t.strictSame(await socket.emitWithAck('ask', 'tea?'), {
    ok: true,
    data: { answers: { [String(right.id)]: { choice: 1 } }, missing: [wrong.id, silent.id].sort() },
  })
  t.equal(checks - before, 1, 'the payload was checked once')
  t.match(await socket.emitWithAck('ask', 7), { error: { code: 'FST_NSP_INTERNAL' } })

  app.io.of('/chat').sockets.get(String(silent.id))?.join('out')
  right.on('open', (answer) => answer(1))
  wrong.on('open', (answer) => answer('2'))
  t.strictSame(await socket.emitWithAck('open'), { ok: true, data: [1, 2] })
})

t.test(
  'a Standard Schema receives emits and replies as they are, including values that JSON can not represent',
  async (t) => {
    const at = new Date(0)
    const { app, socket } = await client(t, {
      emits: { said: { payload: z.date() } },
      events: { when: { reply: z.date(), handler: () => at } },
    })
    app.io.of('/chat').emit('said', at)
    t.equal(await socket.nextEvent('said'), at.toISOString())
    t.strictSame(await socket.emitWithAck('when'), { ok: true, data: at.toISOString() })
  },
)

t.test('ask() does not wait for a socket that has disconnected', async (t) => {
  const asked: Promise<unknown>[] = []
  const { socket } = await client(t, {
    emits: { 'are you there': {} },
    onConnect: ({ ask }) => void asked.push(ask('are you there', undefined, { timeoutMs: 3_600_000 })),
    onDisconnect: ({ ask }) => void asked.push(ask('are you there', undefined, { timeoutMs: 3_600_000 })),
  })
  socket.disconnect()
  await until(() => asked.length === 2)
  for (const answer of asked) await t.rejects(answer, { code: 'FST_NSP_ANSWER_TIMEOUT' })
})
