import { once } from 'node:events'
import { request } from 'node:http'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { type AnyNamespaceDefinition, Binary, type NamespacesOptions } from '../../../plugin/index.js'
import { createUnknownNamespaceHints } from '../../../plugin/joining/namespaces/unknown-namespaces.js'
import { LogRates, Notices } from '../../../plugin/shared/log/rated-log.js'
import { inBothModes } from '../fast-path-harness.js'
import { build, client, join, listen, logLines, next, POLLING, refusal, until, withResolvers } from '../harness.js'

type Line = Record<string, unknown>

/** Starts a server with a log. */
async function serve(t: Test, options: NamespacesOptions, prepare?: (app: FastifyInstance) => unknown) {
  const { lines, logger } = logLines()
  const app = await build(t, { namespaces: { '/chat': {} }, ...options }, prepare, { logger })
  return { app, lines }
}

/** Runs a function with another NODE_ENV. */
async function inEnvironment(name: string, run: () => Promise<void>): Promise<void> {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = name
  try {
    await run()
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}

const of = (lines: readonly Line[], message: string) => lines.filter(({ msg }) => msg === message)

t.test('an unknown event names the nearest declared one, with its name and its namespace', async (t) => {
  const { socket } = await client(t, { events: { 'message:send': { handler: () => {} } } })
  const message = async (event: string) => (await socket.emitWithAck(event)).error.message
  t.equal(await message('mesage:send'), 'Unknown event mesage:send of /chat: did you mean "message:send"?')
  t.match(await message('room:join'), /^Unknown event room:join of \/chat: the definition's `events` do not declare it/)
  const long = await message('x'.repeat(10_000))
  t.ok(long.startsWith(`Unknown event ${'x'.repeat(100)} of`), 'a long name is cut')
})

t.test('an undeclared emit, error, hook and namespace name the nearest one, too', async (t) => {
  const { app, socket, lines } = await client(t, {
    emits: { 'message:new': {} },
    events: {
      emit: { handler: (_payload, { namespace }) => void namespace.emit('mesage:new') },
      error: {
        errors: { ROOM_FULL: true },
        handler: (_payload, { error }) => {
          throw (error as (code: string, data?: unknown) => Error)('ROM_FULL')
        },
      },
    },
  } as AnyNamespaceDefinition)
  await socket.emitWithAck('emit')
  await socket.emitWithAck('error')
  const thrown = lines.map(({ err }) => String(Object(err).message))
  t.ok(thrown.some((text) => text.includes('did you mean "message:new"? add it to `emits`')))
  t.ok(thrown.some((text) => text.includes('did you mean "ROOM_FULL"? add it to its `errors`')))
  t.throws(() => app.namespaceOf('/caht'), { message: /did you mean "\/chat"\?/ })
  t.throws(() => app.namespaceOf({} as never), {
    message: /^The definition that was given is not declared: declare it/,
  })
  const fresh = await build(t)
  t.throws(() => fresh.addNamespaceHook('preHandlr' as 'preHandler', () => {}), {
    message: /did you mean "preHandler"\?/,
  })
})

t.test('an unknown namespace is refused with a hint for its address that reveals no declared names', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(t, { namespaces: { '/secret': {}, '/orgs/:orgId': {} } }, undefined, { logger })
  const { details } = Object((await refusal(app.injectSocket('/'))).data)
  t.match(details.hint, /^The default namespace is not declared: declare it, namespaces: \{ '\/': \{\} \}/)
  t.notMatch(details.hint, /path/)
  for (const address of ['/socket.io', '/api/']) {
    t.match((await refusal(app.injectSocket(address))).data, {
      details: { hint: /path of the URL .+ io\(url, \{ path: '\/socket\.io' \}\)/ },
    })
  }
  const near = Object((await refusal(app.injectSocket('/secrte'))).data).details
  const far = Object((await refusal(app.injectSocket('/whatever'))).data).details
  t.strictSame(near, far, 'the message does not depend on how near a name is')
  t.notMatch(JSON.stringify(near), 'secret')
  await refusal(app.injectSocket('/secrte'))
  await refusal(app.injectSocket('/org/42'))
  const refused = of(lines, 'unknown namespace refused')
  t.strictSame(
    refused.map(({ namespace, level }) => [namespace, level]),
    ['/', '/socket.io', '/api/', '/secrte', '/whatever', '/org/42'].map((name) => [name, 40]),
    'once a name, at warn in development',
  )
  t.match(refused[3], { hint: 'did you mean /secret?' })
  t.match(refused[5], { hint: 'did you mean /orgs/:orgId?' })
})

t.test('under a prefix, the hint for an unknown namespace shows how names begin', async (t) => {
  const { lines, logger } = logLines()
  const rates = new LogRates(() => 0)
  const log = { info: (fields: Line, msg: string) => void lines.push({ ...fields, msg }) } as never
  const explain = createUnknownNamespaceHints({
    notices: new Notices(log, rates, false),
    registry: { entries: [{ name: '/api/chat' }] },
    path: '/api/socket.io',
    prefix: '/api',
  })
  t.ok(logger)
  const hint = (nsp: string) =>
    explain({ type: 4, nsp, data: { message: 'Invalid namespace' } } as never).data.data.details.hint
  t.match(hint('/chat'), /start with its prefix: try \/api\/chat$/)
  t.match(hint('/other'), /try \/api\/other$/)
  t.match(hint('/api'), /io\(url, \{ path: '\/api\/socket\.io' \}\)/)
  t.match(hint('/api/cat'), /^No namespace with this address is declared/)
  t.strictSame(
    lines.map(({ namespace, hint }) => [namespace, /^did you mean/.test(String(hint)) && hint]),
    [
      ['/chat', 'did you mean /api/chat?'],
      ['/other', false],
      ['/api', false],
      ['/api/cat', 'did you mean /api/chat?'],
    ],
  )
  const other = { type: 4, nsp: '/api/chat', data: { message: 'no' } } as never
  t.equal(explain(other), other)
})

t.test('in production an unknown namespace is logged at info, and an unknown event at debug', async (t) => {
  await inEnvironment('production', async () => {
    const { lines, socket, app } = await client(t, {})
    await refusal(app.injectSocket('/nope'))
    socket.emit('nope')
    await until(() => of(lines, 'unknown event without ack').length > 0)
    t.match(of(lines, 'unknown namespace refused'), [{ level: 30 }])
    t.match(of(lines, 'unknown event without ack'), [{ level: 20 }])
  })
})

inBothModes('an event without an ack that goes no further is logged with the reason', async (t, fast) => {
  const begun = withResolvers()
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      fast,
      limits: { eventsInFlight: 1, depth: 3 },
      namespaces: {
        '/chat': {
          events: {
            hold: { handler: () => begun.promise },
            number: { payload: Type.Integer(), handler: () => {} },
          },
        },
      },
    },
    undefined,
    { logger },
  )
  const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  for (let time = 0; time < 3; time++) socket.emit('nmber', 1)
  socket.emit('number', 'x')
  socket.emit('number', [[[[1]]]])
  await until(() => of(lines, 'event without ack refused').length === 2)
  socket.emit('hold')
  socket.emit('hold')
  await until(() => of(lines, 'event without ack refused').length === 3)
  begun.resolve()
  t.match(of(lines, 'unknown event without ack'), [
    { level: 40, event: 'nmber', reason: 'Unknown event nmber of /chat: did you mean "number"?' },
  ])
  t.match(
    of(lines, 'event without ack refused').sort((a, b) => String(a.code).localeCompare(String(b.code))),
    [
      { level: 40, code: 'FST_NSP_EVENT_INVALID' },
      { level: 40, code: 'FST_NSP_EVENT_MALFORMED', reason: /nested too deeply: limits\.depth allows 3 levels/ },
      { level: 40, code: 'FST_NSP_IN_FLIGHT_LIMIT' },
    ],
  )
})

t.test('a rate-limited event without an ack is logged', async (t) => {
  const { lines, socket } = await client(
    t,
    { events: { e: { handler: () => {} } } },
    { limits: { eventsPerSecond: 1 } },
  )
  for (let time = 0; time < 20; time++) socket.emit('e')
  await until(() => of(lines, 'event without ack refused').length === 10)
  t.match(of(lines, 'event without ack refused')[0], { level: 40, code: 'FST_NSP_RATE_LIMITED' })
})

inBothModes('a frame above maxHttpBufferSize is logged with the name of the option', async (t, fast) => {
  const { app, lines } = await serve(t, { fast, limits: { payloadBytes: 1_000 }, io: { maxHttpBufferSize: 2_000 } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  socket.emit('big', 'x'.repeat(3_000))
  await next(socket, 'disconnect')
  await until(() => lines.some(({ msg }) => String(msg).includes('limits.payloadBytes')))
  t.match(
    lines.filter(({ msg }) => String(msg).includes('limits.payloadBytes')),
    [{ level: 40, transport: 'websocket', limit: 2_000 }],
  )
})

t.test('a body above maxHttpBufferSize is logged with the name of the option', async (t) => {
  const { app, lines } = await serve(t, { limits: { payloadBytes: 1_000 }, io: { maxHttpBufferSize: 2_000 } })
  const port = await listen(app)
  for (const isChunked of [false, true]) {
    const opened = await fetch(`http://127.0.0.1:${port}${POLLING}`)
    const { sid } = JSON.parse((await opened.text()).slice(1))
    const post = async (body: string) => {
      const length = isChunked ? {} : { 'content-length': String(body.length) }
      const call = request({
        port,
        method: 'POST',
        path: `${POLLING}&sid=${sid}`,
        headers: { 'content-type': 'text/plain', ...length },
      })
      call.write(body.slice(0, 1))
      call.end(body.slice(1))
      const [response] = await once(call, 'response')
      response.resume()
      return response.statusCode
    }
    t.equal(await post('40/chat,'), 200)
    t.equal(await post(`4${'x'.repeat(3_000)}`), 413)
  }
  await until(() => lines.filter(({ msg }) => String(msg).includes('limits.payloadBytes')).length === 2)
  t.match(
    lines.filter(({ msg }) => String(msg).includes('limits.payloadBytes')),
    [
      { level: 40, transport: 'polling', limit: 2_000 },
      { level: 40, transport: 'polling', limit: 2_000 },
    ],
  )
})

t.test('an array in place of an object is called an array in every message', async (t) => {
  const handler = () => {}
  const wrong: [definition: unknown, path: string][] = [
    [{ events: [{}] }, 'events'],
    [{ emits: [{}] }, 'emits'],
    [{ schema: [] }, 'schema'],
    [{ events: { e: [] } }, 'events["e"]'],
    [{ events: { e: { handler: [] } } }, 'events["e"].handler'],
    [{ events: { e: { handler, payload: [] } } }, 'events["e"].payload'],
    [{ events: { e: { handler, errors: [] } } }, 'events["e"].errors'],
    [{ events: { e: { handler, errors: { X: [] } } } }, 'events["e"].errors["X"]'],
    [{ onConnect: [] }, 'onConnect'],
  ]
  for (const [definition, path] of wrong) {
    await t.rejects(build(t, { namespaces: { '/chat': definition as AnyNamespaceDefinition } }), {
      message: new RegExp(
        `^Definition namespaces\\["/chat"\\]\\.${path.replace(/[[\]."]/g, '\\$&')} must be an? .+: got array$`,
      ),
    })
  }
})

t.test('a reply that could not be sent has the id of its log line', async (t) => {
  const { lines, socket } = await client(t, {
    events: {
      wrong: { reply: Type.Object({ n: Type.Integer() }), handler: () => ({ n: 'x' }) },
      unwritable: { handler: () => 1n },
    },
  } as AnyNamespaceDefinition)
  for (const [event, message] of [
    ['wrong', 'reply does not fit its schema'],
    ['unwritable', 'reply cannot be encoded'],
  ] as const) {
    const { error } = await socket.emitWithAck(event)
    t.match(error, { code: 'FST_NSP_REPLY_INVALID', details: { id: String } })
    t.match(of(lines, message), [{ errorId: error.details.id, event }])
  }
})

t.test('a maxBytes above limits.payloadBytes is refused at boot, with the path of its schema', async (t) => {
  const definition = (payload: unknown, reply?: unknown): AnyNamespaceDefinition =>
    ({ events: { put: { payload, reply, handler: () => {} } } }) as AnyNamespaceDefinition
  const upload = Type.Object({ image: Binary({ maxBytes: 5_000 }) })
  const ready = async (namespace: AnyNamespaceDefinition, payloadBytes: number) => {
    const app = await build(t, { limits: { payloadBytes }, namespaces: { '/chat': namespace } })
    await app.ready()
  }
  await t.rejects(ready(definition(upload), 4_999), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message:
      'Definition /chat events["put"].payload is not a valid schema: /properties/image/binary/maxBytes is 5000, ' +
      'above limits.payloadBytes (4999): raise limits.payloadBytes, or lower maxBytes',
  })
  await t.rejects(ready({ emits: { ask: { reply: Binary({ maxBytes: 5_000 }) } } } as AnyNamespaceDefinition, 100), {
    message: /emits\["ask"\]\.reply .+ \/binary\/maxBytes is 5000/,
  })
  await ready(definition(upload), 5_000)
  await ready(definition(undefined, upload), 100)
})

t.test('a timeout names what took too long, and the option that bounds it', async (t) => {
  const never = new Promise<never>(() => {})
  const held = withResolvers()
  const { app, socket } = await client(
    t,
    {
      sequential: true,
      onConnect: ({ socket }) => {
        socket.use(([event], next) => {
          if (event !== 'middleware') next()
        })
        socket.on('listener' as never, (() => {}) as never)
      },
      events: {
        hook: { preHandler: () => never, handler: () => {} },
        handler: { handler: () => held.promise },
        reply: {
          reply: { '~standard': { version: 1, vendor: 'slow', validate: () => held.promise } } as never,
          handler: () => {},
        },
      },
    } as AnyNamespaceDefinition,
    { handlerTimeoutMs: 20, onConnectTimeoutMs: 500 },
    (app) => void app.namespace('/slow', { onConnect: () => never as Promise<void> }),
  )
  const message = async (event: string, from = socket) => (await from.emitWithAck(event)).error.message
  t.equal(
    await message('middleware'),
    'A socket.use() middleware, until it called next() or the ack, took longer than handlerTimeoutMs (20 ms)',
  )
  t.equal(
    await message('listener'),
    'A listener of listener, until it called the ack, took longer than handlerTimeoutMs (20 ms)',
  )
  const early = message('handler')
  const waiting = message('handler')
  t.equal(await early, 'The handler of handler took longer than handlerTimeoutMs (20 ms)')
  t.equal(await waiting, 'The wait for an earlier event of the same socket took longer than handlerTimeoutMs (20 ms)')
  const others = await Promise.all(
    ['reply', 'hook'].map(async (event) => message(event, await app.injectSocket('/chat'))),
  )
  t.strictSame(others, [
    'The steps after the handler of reply (schema, key) took longer than handlerTimeoutMs (20 ms)',
    'The steps before the handler of hook (hooks, schema, key) took longer than handlerTimeoutMs (20 ms)',
  ])
  const slow = await app.injectSocket('/slow')
  t.equal(await message('any', slow), 'onConnect took longer than onConnectTimeoutMs (500 ms)')
  held.resolve()
})

t.test('a misspelt keyword of a schema is reported with the nearest known keyword', async (t) => {
  const failure = async (payload: object): Promise<string> => {
    const app = await build(t, { namespaces: { '/chat': { events: { e: { payload, handler: () => {} } } } } })
    return Promise.resolve(app.ready()).then(
      () => 'it is ready',
      ({ message }) => message,
    )
  }
  t.match(
    await failure({ type: 'object', properties: { a: { type: 'string', maxLenght: 3 } } }),
    /^Definition \/chat events\["e"\]\.payload is not a valid schema: .*"maxLenght"\. did you mean "maxLength"\?$/,
  )
  t.match(await failure({ type: 'string', 'x-mine': 3 }), /unknown keyword: "x-mine"$/)
  t.notMatch(await failure({ type: 'strin' }), /did you mean/)
})
