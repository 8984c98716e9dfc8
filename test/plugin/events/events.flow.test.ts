import t from 'tap'
import { Binary, defineNamespace } from '../../../plugin/index.js'
import { build, client, heard, next, POLLING, refusal, until, withResolvers } from '../harness.js'

/*
 * An event from its arrival to its ack: handlers, hooks, schemas, errors, timeouts, limits, idempotency.
 */

const TEXT = {
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
}

const echo = defineNamespace({
  events: {
    echo: { payload: TEXT, reply: TEXT, handler: (payload) => payload as { text: string } },
    nothing: { handler: () => {} },
    null: { handler: () => null },
    whatever: { handler: (payload) => ({ got: payload }) },
    later: { handler: async (payload) => payload },
  },
})

t.test("a handler's return value, also undefined or null, is the data of the ack, sync or async", async (t) => {
  const { socket } = await client(t, echo)
  t.strictSame(await socket.emitWithAck('echo', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
  t.strictSame(await socket.emitWithAck('nothing'), { ok: true })
  t.strictSame(await socket.emitWithAck('null'), { ok: true, data: null })
  t.strictSame(await socket.emitWithAck('later', [1, 2]), { ok: true, data: [1, 2] })
  t.strictSame(await socket.emitWithAck('whatever', 7), { ok: true, data: { got: 7 } })
  t.strictSame(await socket.emitWithAck('whatever'), { ok: true, data: {} })
  t.strictSame(await socket.emitWithAck('whatever', Buffer.from('x')), { ok: true, data: { got: Buffer.from('x') } })
})

t.test(
  'an event with an invalid payload is acked with FST_NSP_EVENT_INVALID and never reaches its handler',
  async (t) => {
    let calls = 0
    const { socket } = await client(t, { events: { 'a:b': { payload: TEXT, handler: () => calls++ } } })
    const invalid = (details: unknown) => ({
      ok: false,
      error: {
        code: 'FST_NSP_EVENT_INVALID',
        statusCode: 400,
        message: 'The payload does not fit its schema',
        details,
      },
    })
    t.strictSame(await socket.emitWithAck('a:b', { text: {} }), invalid([{ path: '/text', message: 'must be string' }]))
    t.strictSame(await socket.emitWithAck('a:b'), invalid([{ path: '', message: 'must be object' }]))
    t.strictSame(
      await socket.emitWithAck('a:b', { text: 'x' }, 2),
      invalid([{ path: '', message: 'must be one payload, not 2' }]),
    )
    socket.emit('a:b', 'no ack')
    socket.emit('a:b')
    t.match(await socket.emitWithAck('a:b', { text: 'x' }), { ok: true })
    t.equal(calls, 1)
  },
)

t.test('an unknown event is acked with FST_NSP_EVENT_UNKNOWN, whatever its name', async (t) => {
  const { socket } = await client(t, echo)
  for (const name of ['nope', '__proto__', 'constructor', 'toString', 'error', '7', '']) {
    const message = `Unknown event ${name} of /chat: the definition's \`events\` do not declare it, and it has no listener`
    t.strictSame(
      await socket.emitWithAck(name, 1),
      { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN', statusCode: 404, message } },
      name,
    )
  }
  socket.emit('nope')
  t.match(await socket.emitWithAck('nothing'), { ok: true })
})

const internal = { ok: false, error: { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' } }

t.test(
  'an undeclared error of a handler is acked as FST_NSP_INTERNAL, and logged with the id that the client receives',
  async (t) => {
    const throws = (error: unknown) => ({
      handler: () => {
        throw error
      },
    })
    const { socket, lines } = await client(t, {
      events: {
        sync: throws(new Error('secret')),
        async: { handler: async () => Promise.reject(new Error('secret')) },
        string: throws('secret'),
        undefined: throws(undefined),
        coded: throws(Object.assign(new Error('secret'), { code: 'ER_DUP', statusCode: 409 })),
        '5xx': throws(Object.assign(new Error('secret'), { code: 'X', statusCode: 503 })),
      },
    })
    for (const name of ['sync', 'async', 'string', 'undefined', 'coded', '5xx']) {
      const { error, ...rest } = await socket.emitWithAck(name)
      t.match({ error, ...rest }, internal, name)
      t.notMatch(JSON.stringify(error), /secret/)
      const line = lines.find(({ errorId }) => errorId === error.details.id)
      t.match(line, { msg: 'event failed', event: name, namespace: '/chat', level: 50 })
    }
  },
)

t.test('a thrown value that cannot be read is acked as FST_NSP_INTERNAL, too', async (t) => {
  const unreadable = {
    get code() {
      throw new Error('secret')
    },
  }
  const { socket } = await client(t, { events: { e: { handler: async () => Promise.reject(unreadable) } } })
  t.match(await socket.emitWithAck('e'), internal)
})

t.test('a declared error reaches the client with its data', async (t) => {
  const { socket } = await client(
    t,
    defineNamespace({
      events: {
        'room:join': {
          payload: { type: 'integer' },
          errors: { ROOM_FULL: { type: 'object', properties: { max: { type: 'integer' } } }, GONE: { type: 'null' } },
          handler: (count, { error }) => {
            if (count > 3) throw error('ROOM_FULL', { max: 3 })
            throw Object.assign(new Error('It is gone'), { code: 'GONE', statusCode: 410, details: null })
          },
        },
      },
    }),
  )
  const full = { code: 'ROOM_FULL', statusCode: 400, message: 'ROOM_FULL', details: { max: 3 } }
  t.strictSame(await socket.emitWithAck('room:join', 4), { ok: false, error: full })
  const gone = { code: 'GONE', statusCode: 410, message: 'It is gone', details: null }
  t.strictSame(await socket.emitWithAck('room:join', 1), { ok: false, error: gone })
})

t.test('event hooks run in order: outer contexts, inner contexts, definition, event', async (t) => {
  const order: string[] = []
  const all = (who: string) => ({
    onEvent: () => void order.push(`onEvent ${who}`),
    preValidation: async () => void order.push(`preValidation ${who}`),
    preHandler: () => void order.push(`preHandler ${who}`),
    onAck: () => void order.push(`onAck ${who}`),
  })
  const { socket } = await client(t, {}, {}, (app) => {
    app.addNamespaceHook('onEvent', () => void order.push('onEvent root'))
    app.register(
      async (scope) => {
        scope.addNamespaceHook('onEvent', () => void order.push('onEvent scope'))
        const first = () => void order.push('preHandler first')
        const own = { ...all('event'), preHandler: [first, all('event').preHandler] }
        scope.namespace('/inner', {
          eventHooks: all('definition'),
          events: { e: { ...own, handler: () => void order.push('handler') } },
        })
        scope.addNamespaceHook('onEvent', () => void order.push('onEvent scope, added later'))
      },
      { prefix: '/v1' },
    )
    app.register(async (sibling) => void sibling.addNamespaceHook('onEvent', () => void order.push('never')))
  })
  const inner = await socket.join('/v1/inner')
  t.match(await inner.emitWithAck('e'), { ok: true })
  t.strictSame(order, [
    'onEvent root',
    'onEvent scope',
    'onEvent scope, added later',
    'onEvent definition',
    'onEvent event',
    'preValidation definition',
    'preValidation event',
    'preHandler definition',
    'preHandler first',
    'preHandler event',
    'handler',
    'onAck definition',
    'onAck event',
  ])
})

t.test('an event whose hook throws is acked with the 4xx error, or else with FST_NSP_INTERNAL', async (t) => {
  let calls = 0
  const { socket } = await client(t, {
    eventHooks: {
      preHandler: ({ event }) => {
        const { statusCode, code } = event.payload as { statusCode?: number; code?: string }
        throw Object.assign(new Error('not you'), { ...(statusCode && { statusCode }), ...(code && { code }) })
      },
    },
    events: { e: { handler: () => calls++ } },
  })
  const told = async (payload: object) => (await socket.emitWithAck('e', payload)).error
  t.strictSame(await told({ statusCode: 401, code: 'NO_TOKEN' }), {
    code: 'NO_TOKEN',
    statusCode: 401,
    message: 'not you',
  })
  t.strictSame(await told({ statusCode: 403 }), { code: 'FST_NSP_REFUSED', statusCode: 403, message: 'not you' })
  t.match(await told({}), internal.error)
  t.match(await told({ statusCode: 500, code: 'X' }), internal.error)
  t.equal(calls, 0)
})

t.test('onAck and onError are called for every ack and error, and an error that they throw is logged', async (t) => {
  const heard: unknown[] = []
  const { socket, lines } = await client(t, {
    eventHooks: {
      onAck: [(_context, ack) => void heard.push(['ack', ack.ok]), async () => Promise.reject(new Error('observer'))],
      onError: (_context, error) => {
        heard.push(['error', (error as Error).message])
        throw new Error('observer')
      },
    },
    events: {
      well: { handler: () => {} },
      ill: {
        handler: () => {
          throw new Error('ill')
        },
      },
    },
  })
  await socket.emitWithAck('well')
  await socket.emitWithAck('ill')
  socket.emit('ill')
  await until(() => heard.length === 5)
  t.strictSame(heard, [
    ['ack', true],
    ['error', 'ill'],
    ['ack', false],
    ['error', 'ill'],
    ['ack', false],
  ])
  await until(() => lines.filter(({ msg }) => msg === 'observer failed').length === 5)
  t.ok(lines.some(({ msg, event }) => msg === 'event without ack refused' && event === 'ill'))
})

t.test('a handler has the Fastify instance as `this`, and receives the context of its socket', async (t) => {
  const { app, socket } = await client(
    t,
    defineNamespace({
      emits: { 'message:new': { payload: TEXT } },
      events: {
        who: {
          async handler(_payload, context) {
            const { params, request, event, to, emit, log, signal } = context
            context.socket.join('members')
            emit('message:new', { text: 'to you' })
            to('members').emit('message:new', { text: 'to others' })
            to('members').to('more').except('none').emit('message:new', { text: 'to others' })
            log.info('from the handler')
            return { isInstance: this.server === app.server, params, ip: request.ip, event, aborted: signal.aborted }
          },
        },
      },
    }),
  )
  t.strictSame(await socket.emitWithAck('who', 1), {
    ok: true,
    data: {
      isInstance: true,
      params: {},
      ip: '127.0.0.1',
      event: { name: 'who', payload: 1, wantsAck: true },
      aborted: false,
    },
  })
  t.strictSame(await socket.nextEvent('message:new'), { text: 'to you' })
})

t.test(
  'an event whose handler times out is acked with FST_NSP_HANDLER_TIMEOUT, its signal aborts, its result is dropped',
  async (t) => {
    const late = withResolvers()
    const aborted: unknown[] = []
    const { socket, lines } = await client(
      t,
      {
        events: {
          slow: {
            handler: async (_payload, { signal }) => {
              signal.addEventListener('abort', () => aborted.push((signal.reason as { code: string }).code))
              await late.promise
              return 'late'
            },
          },
          failing: { handlerTimeoutMs: 5, handler: () => late.promise.then(() => Promise.reject(new Error('late'))) },
          unbound: { handlerTimeoutMs: 0, handler: () => late.promise },
        },
      },
      { handlerTimeoutMs: 10 },
    )
    const unbound = socket.emitWithAck('unbound')
    const timeout = {
      ok: false,
      error: { code: 'FST_NSP_HANDLER_TIMEOUT', statusCode: 503 },
    }
    t.match(await socket.emitWithAck('slow'), {
      ...timeout,
      error: { ...timeout.error, message: 'The handler of slow took longer than handlerTimeoutMs (10 ms)' },
    })
    t.match(await socket.emitWithAck('failing'), {
      ...timeout,
      error: { ...timeout.error, message: 'The handler of failing took longer than handlerTimeoutMs (5 ms)' },
    })
    t.strictSame(aborted, ['FST_NSP_HANDLER_TIMEOUT'])
    late.resolve()
    t.strictSame(await unbound, { ok: true })
    await until(
      () =>
        lines.some(({ msg }) => msg === 'late reply dropped') && lines.some(({ msg }) => msg === 'late error dropped'),
    )
  },
)

t.test("after a disconnect the handler's signal is aborted, and its result is dropped", async (t) => {
  const started = withResolvers()
  const aborted = withResolvers<AbortSignal>()
  const acks: unknown[] = []
  const { app, socket } = await client(t, {
    eventHooks: { onAck: (_context, ack) => void acks.push(ack) },
    events: {
      slow: {
        handler: async (_payload, context) => {
          started.resolve()
          await new Promise<void>((resolve) => context.socket.once('disconnect', () => resolve()))
          // `signal` is read for the first time after the disconnect.
          aborted.resolve(context.signal)
          return 'too late'
        },
      },
    },
  })
  socket.emit('slow', 1, () => t.fail('no ack'))
  await started.promise
  socket.disconnect()
  const signal = await aborted.promise
  t.ok(signal.aborted)
  t.match(signal.reason, { message: /disconnected: client namespace disconnect/ })
  await until(() => acks.length === 1)
  t.equal(app.io.of('/chat').sockets.size, 0)
})

t.test('an event whose reply cannot be encoded is acked with FST_NSP_REPLY_INVALID', async (t) => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const { socket, lines } = await client(t, {
    events: {
      bigint: { handler: () => 1n },
      cycle: { handler: () => cycle },
      checked: { reply: true, handler: () => cycle },
      mismatch: { reply: TEXT, handler: () => ({ text: 7, secret: true }) },
    },
  })
  const invalid = {
    ok: false,
    error: { code: 'FST_NSP_REPLY_INVALID', statusCode: 500, message: 'The reply could not be sent' },
  }
  for (const name of ['bigint', 'cycle', 'checked']) t.match(await socket.emitWithAck(name), invalid, name)
  t.ok(lines.some(({ msg }) => msg === 'reply cannot be encoded'))
  t.strictSame(
    await socket.emitWithAck('mismatch'),
    { ok: true, data: { text: '7' } },
    'coerced and stripped, as Fastify does',
  )
})

t.test('events that arrive while onConnect runs wait, in order, and are dispatched after it', async (t) => {
  const order: unknown[] = []
  const ready = withResolvers()
  const { socket } = await client(
    t,
    {
      onConnect: async ({ socket }) => {
        await ready.promise
        socket.on('plain', (value) => order.push(value))
        order.push('connected')
      },
      events: { declared: { handler: (value) => void order.push(value) } },
    },
    { limits: { eventsWaiting: 3 } },
  )
  socket.emit('declared', 1)
  socket.emit('plain', 2)
  const last = socket.emitWithAck('declared', 3)
  t.match(await socket.emitWithAck('declared', 4), { error: { code: 'FST_NSP_QUEUE_FULL' } })
  ready.resolve()
  t.strictSame(await last, { ok: true })
  await until(() => order.length === 4)
  t.strictSame([...order].sort(), [1, 2, 3, 'connected'])
  t.strictSame(order[0], 'connected')
  t.ok(order.indexOf(1) < order.indexOf(3))
})

t.test('events without an ack that wait for an onConnect that fails are dropped', async (t) => {
  let calls = 0
  const ready = withResolvers()
  const { socket } = await client(t, { onConnect: () => ready.promise, events: { e: { handler: () => calls++ } } })
  socket.emit('e')
  const gone = next(socket, 'disconnect')
  ready.reject(new Error('no'))
  t.strictSame((await gone)[0], 'io server disconnect')
  t.equal(calls, 0)
})

t.test('a sequential namespace handles one event of a socket at a time, and queues eventsWaiting', async (t) => {
  const order: string[] = []
  const turns = [withResolvers(), withResolvers()]
  const { socket } = await client(
    t,
    {
      sequential: true,
      events: {
        e: {
          handler: async (turn) => {
            order.push(`begin ${turn}`)
            await turns[turn as number]?.promise
            order.push(`end ${turn}`)
          },
        },
      },
    },
    { limits: { eventsWaiting: 1 } },
  )
  const first = socket.emitWithAck('e', 0)
  const second = socket.emitWithAck('e', 1)
  t.match(await socket.emitWithAck('e', 2), { error: { code: 'FST_NSP_QUEUE_FULL' } })
  turns[1]?.resolve()
  turns[0]?.resolve()
  t.match(await Promise.all([first, second]), [{ ok: true }, { ok: true }])
  t.strictSame(order, ['begin 0', 'end 0', 'begin 1', 'end 1'])
})

t.test('20,000 events that are queued in a sequential namespace are all acked in order', async (t) => {
  const release = withResolvers()
  const { socket } = await client(
    t,
    {
      sequential: true,
      onConnect: ({ socket }) => void socket.on('plain', (ack: () => void) => ack()),
      events: { wait: { handler: () => release.promise }, count: { handler: (turn) => turn } },
    },
    { limits: { eventsPerSecond: 0, eventsInFlight: 0, eventsWaiting: 0, bytesWaiting: 0 } },
  )
  const turns = Array.from({ length: 20_000 }, (_, turn) => turn)
  const acks: unknown[] = []
  socket.emit('wait', () => acks.push('first'))
  for (const turn of turns) socket.emit('count', turn, (ack: unknown) => acks.push(ack))
  await new Promise<void>((resolve) => socket.emit('plain', resolve))
  t.strictSame(acks, [], 'all of them have arrived and wait')
  release.resolve()
  await until(() => acks.length > turns.length)
  t.strictSame(acks, ['first', ...turns.map((data) => ({ ok: true, data }))])
})

t.test('without `sequential` the events of a socket are handled concurrently, up to eventsInFlight', async (t) => {
  const release = withResolvers()
  const { socket } = await client(
    t,
    { events: { e: { handler: () => release.promise } } },
    { limits: { eventsInFlight: 2 } },
  )
  const two = [socket.emitWithAck('e'), socket.emitWithAck('e')]
  t.match(await socket.emitWithAck('e'), { error: { code: 'FST_NSP_IN_FLIGHT_LIMIT', statusCode: 429 } })
  release.resolve()
  t.match(await Promise.all(two), [{ ok: true }, { ok: true }])
  t.match(await socket.emitWithAck('e'), { ok: true })
})

t.test('events beyond eventsPerSecond are acked with FST_NSP_RATE_LIMITED and retryAfterMs', async (t) => {
  const { socket } = await client(t, echo, { limits: { eventsPerSecond: 2 } })
  const acks = await Promise.all(Array.from({ length: 6 }, () => socket.emitWithAck('nothing')))
  t.equal(acks.filter(({ ok }) => ok).length, 4)
  const { details, ...error } = acks.find(({ ok }) => !ok)?.error ?? {}
  t.strictSame(error, { code: 'FST_NSP_RATE_LIMITED', statusCode: 429, message: 'Too many events' })
  t.ok(details.retryAfterMs > 0 && details.retryAfterMs <= 500)
})

t.test('a packet beyond a limit is refused, and its connection stays open', async (t) => {
  const limits = { arguments: 2, depth: 3, payloadBytes: 200 }
  const { socket } = await client(t, echo, { limits })
  const code = async (...args: unknown[]) => (await socket.emitWithAck('whatever', ...args)).error?.code
  t.equal(await code([[1]]), undefined)
  t.equal(await code([[[[1]]]]), 'FST_NSP_EVENT_MALFORMED')
  t.equal(await code(1, 2, 3), 'FST_NSP_EVENT_MALFORMED')
  t.equal(await code({ constructor: { prototype: 1 } }), 'FST_NSP_EVENT_MALFORMED')
  t.equal(await code(JSON.parse('{"a":[{"__proto__":1}]}')), 'FST_NSP_EVENT_MALFORMED')
  t.equal(await code({ _placeholder: 1 }), 'FST_NSP_EVENT_MALFORMED')
  t.equal(await code('x'.repeat(200)), 'FST_NSP_PAYLOAD_TOO_LARGE')
  t.equal(await code(Buffer.alloc(200)), 'FST_NSP_PAYLOAD_TOO_LARGE')
  t.equal(await code(Buffer.alloc(10)), undefined)
})

t.test('a socket may be in roomsPerSocket rooms', async (t) => {
  const { app, socket } = await client(
    t,
    { events: { join: { handler: (rooms, context) => context.socket.join(rooms as string[]) } } },
    { limits: { roomsPerSocket: 2 } },
  )
  t.match(await socket.emitWithAck('join', ['a', 'b']), { ok: true })
  t.match(await socket.emitWithAck('join', ['a']), { ok: true }, 'a room that it is in already')
  t.match(await socket.emitWithAck('join', 'c'), { error: { code: 'FST_NSP_ROOMS_LIMIT', statusCode: 429 } })
  t.equal(app.io.of('/chat').sockets.get(socket.id as string)?.rooms.size, 3)
})

t.test('a connection may join namespacesPerConnection namespaces', async (t) => {
  const app = await build(t, { limits: { namespacesPerConnection: 2 }, namespaces: { '/a': {}, '/b': {}, '/c': {} } })
  const a = await app.injectSocket('/a')
  const b = await a.join('/b')
  t.match(await refusal(a.join('/c')), { data: { code: 'FST_NSP_NAMESPACES_LIMIT', statusCode: 429 } })
  const [joined] = app.io.of('/b').sockets.values()
  b.disconnect()
  await heard(joined as NodeJS.EventEmitter, 'disconnect')
  t.ok((await a.join('/c')).connected)
})

t.test('a connection with more than bytesWaiting unread bytes is closed', async (t) => {
  const { app, socket, lines } = await client(t, {}, { limits: { bytesWaiting: 100_000 } })
  const gone = next(socket, 'disconnect')
  for (let count = 0; count < 10; count++) app.io.of('/chat').emit('news', 'x'.repeat(20_000))
  t.strictSame((await gone)[0], 'transport close')
  t.ok(lines.some(({ msg }) => msg === 'connection closed: its reader is too slow'))
})

t.test('a server refuses a connection beyond `connections`', async (t) => {
  const app = await build(t, { limits: { connections: 1 }, namespaces: { '/chat': {} } })
  const first = await app.injectSocket('/chat')
  const polled = await app.inject(POLLING)
  t.match([polled.statusCode, polled.json()], [503, { code: 'FST_NSP_CONNECTIONS_LIMIT' }])
  t.strictSame((await refusal(app.injectSocket('/chat'))).data, { statusCode: 503 })
  first.disconnect()
  await until(() => app.io.engine.clientsCount === 0)
  t.ok((await app.injectSocket('/chat', { transport: 'upgrade' })).connected)
})

t.test('a return value that looks like an ack or a packet is sent as data', async (t) => {
  const { socket } = await client(t, { events: { e: { handler: () => ({ event: 'elsewhere', data: 1, ok: false }) } } })
  socket.onAny((event) => t.fail(event))
  t.strictSame(await socket.emitWithAck('e'), { ok: true, data: { event: 'elsewhere', data: 1, ok: false } })
})

t.test('binary payloads and replies pass JSON schemas unchanged', async (t) => {
  const bytes = Binary({ maxBytes: 3 })
  const file = { type: 'object', properties: { name: { type: 'string' }, bytes }, additionalProperties: false }
  const { socket } = await client(t, {
    events: { upload: { payload: file, reply: file, handler: (payload) => payload } },
  })
  const sent = { name: 'a', bytes: Buffer.from([1, 2, 3]) }
  t.strictSame(await socket.emitWithAck('upload', sent), { ok: true, data: sent })
})

t.test('an emit that cannot be encoded throws at its caller and has no other effect', async (t) => {
  const { socket } = await client(t, {
    events: {
      e: { handler: (_payload, { emit }) => void (emit as (...args: unknown[]) => void)('news', 1n) },
      f: { handler: () => 1 },
    },
  })
  t.match(await socket.emitWithAck('e'), internal)
  t.match(await socket.emitWithAck('f'), { ok: true, data: 1 })
})

t.test('a socket that has disconnected joins no room', async (t) => {
  const started = withResolvers()
  const joined = withResolvers<number>()
  const { app, socket } = await client(t, {
    events: {
      e: {
        handler: async (_payload, { socket }) => {
          started.resolve()
          await new Promise<void>((resolve) => socket.once('disconnect', () => resolve()))
          await socket.join('members')
          joined.resolve(app.io.of('/chat').adapter.rooms.size)
        },
      },
    },
  })
  socket.emit('e')
  await started.promise
  socket.disconnect()
  t.equal(await joined.promise, 0)
})

t.test('an event with a repeated idempotency key is acked with the first ack, and the handler runs once', async (t) => {
  let calls = 0
  const first = withResolvers()
  const order = {
    payload: { type: 'object', properties: { key: { type: 'string' }, fail: { type: 'boolean' } } },
  } as const
  const { socket } = await client(
    t,
    defineNamespace({
      events: {
        'order:place': {
          ...order,
          reply: { type: 'object', properties: { number: { type: 'integer' } } },
          idempotency: { key: ({ key }) => key },
          handler: async ({ fail }) => {
            calls++
            if (calls === 1) await first.promise
            if (fail) throw new Error('no')
            return { number: calls }
          },
        },
      },
    }),
  )
  const both = [socket.emitWithAck('order:place', { key: 'a' }), socket.emitWithAck('order:place', { key: 'a' })]
  first.resolve()
  t.strictSame(await Promise.all(both), Array(2).fill({ ok: true, data: { number: 1 } }))
  t.strictSame(await socket.emitWithAck('order:place', { key: 'a' }), { ok: true, data: { number: 1 } })
  t.strictSame(await socket.emitWithAck('order:place', { key: 'b' }), { ok: true, data: { number: 2 } })
  t.strictSame(
    await socket.emitWithAck('order:place', {}),
    { ok: true, data: { number: 3 } },
    'without a key nothing is kept',
  )
  t.match(await socket.emitWithAck('order:place', { key: 'c', fail: true }), internal)
  const again = await socket.emitWithAck('order:place', { key: 'c' })
  t.strictSame(again, { ok: true, data: { number: 5 } }, 'a 5xx error is not kept')
  t.equal(calls, 5)
})

t.test('if a reply cannot be encoded, its error ack is kept under the key, and the handler runs once', async (t) => {
  let calls = 0
  const { socket, lines } = await client(t, {
    eventHooks: { onAck: () => {} },
    events: { e: { idempotency: { key: () => 'k' }, handler: () => (++calls === 1 ? { n: 1n } : calls) } },
  })
  t.match(await socket.emitWithAck('e'), { error: { code: 'FST_NSP_REPLY_INVALID' } })
  t.match(await socket.emitWithAck('e'), { error: { code: 'FST_NSP_REPLY_INVALID' } }, 'the ack that was sent is kept')
  t.equal(calls, 1)
  t.ok(lines.length > 0)
})

t.test(
  'errors of plain listeners and middlewares in a defined namespace are logged, and a waiting ack is sent',
  async (t) => {
    const heard: unknown[] = []
    const { socket, lines } = await client(t, {
      events: { declared: { handler: () => 'declared' } },
      onConnect: ({ socket }) => {
        const any = (event: string) => {
          heard.push(event)
          if (event === 'any:throws') throw new Error('any')
        }
        socket.onAny(any)
        socket.onAny(any)
        socket.prependAny(any)
        socket.offAny(any)
        socket.use(([event], next) => {
          if (event === 'use:throws') throw Object.assign(new Error('not you'), { statusCode: 403 })
          if (event === 'use:refuses') return next(Object.assign(new Error('not you'), { statusCode: 403 }))
          if (event === 'use:crashes') throw 'crash'
          next()
          next(new Error('a second time'))
        })
        socket.on('plain', (value, ack) => ack(value))
        socket.on('throws', () => {
          throw new Error('secret')
        })
        socket.on('answers, then throws', (ack) => {
          ack('first')
          throw new Error('secret')
        })
      },
    })
    t.equal(await socket.emitWithAck('plain', 1), 1)
    t.match(await socket.emitWithAck('throws'), internal)
    t.equal(await socket.emitWithAck('answers, then throws'), 'first')
    const refused = { ok: false, error: { code: 'FST_NSP_REFUSED', statusCode: 403, message: 'not you' } }
    t.strictSame(await socket.emitWithAck('use:throws'), refused)
    t.strictSame(await socket.emitWithAck('use:refuses'), refused)
    t.match(await socket.emitWithAck('use:crashes'), internal)
    socket.emit('any:throws')
    t.match(await socket.emitWithAck('declared'), { ok: true, data: 'declared' })
    t.ok(lines.some(({ msg }) => msg === 'listener failed'))
    t.ok(heard.includes('declared'))
  },
)

t.test('a namespace middleware that throws refuses the socket, and a second next() is ignored', async (t) => {
  const { app, lines } = await client(t, {}, {}, (app) => {
    const namespace = app.io.of('/guarded')
    namespace.use((socket, next) => {
      const { how } = socket.handshake.auth
      if (how === 'throws') throw new Error('secret')
      if (how === 'refuses') return next(Object.assign(new Error('not you'), { data: { code: 'X' } }))
      if (how === 'throws nothing') throw undefined
      if (how === 'told') throw Object.assign(new Error('no token'), { statusCode: 401, code: 'NO_TOKEN' })
      next()
    })
    namespace.use(async (socket, next) => {
      if (socket.handshake.auth.how === 'rejects') throw new Error('secret')
      if (socket.handshake.auth.how === 'twice') {
        next(new Error('refused'))
      }
      next()
    })
  })
  const told = (how: string) => refusal(app.injectSocket('/guarded', { auth: { how } }))
  t.match(await told('throws'), { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
  t.match(await told('rejects'), { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL' } })
  t.match(await told('refuses'), { message: 'not you', data: { code: 'X' } })
  t.match(await told('told'), { message: 'no token', data: { code: 'NO_TOKEN', statusCode: 401 } })
  t.match(await told('twice'), { message: 'refused' })
  t.match(await told('throws nothing'), { message: 'Internal error' })
  t.equal(lines.filter(({ msg }) => msg === 'middleware failed').length, 4)
})

t.test('a connect whose auth has a __proto__ key is refused with FST_NSP_EVENT_MALFORMED', async (t) => {
  const { app } = await client(t, {})
  for (const auth of ['{"__proto__":{"admin":true}}', '{"a":{"__proto__":1}}']) {
    const { data } = await refusal(app.injectSocket('/chat', { auth: JSON.parse(auth) }))
    t.match(data, { code: 'FST_NSP_EVENT_MALFORMED', statusCode: 400 }, auth)
  }
})

t.test('the connect route can be reached neither by the network nor by inject()', async (t) => {
  const { app } = await client(t, echo)
  t.equal((await app.inject({ method: 'CONNECT' as 'GET', url: '/chat' })).statusCode, 404)
})

t.test('events of a recovered socket are dispatched like those of any other socket', async (t) => {
  const { app, socket } = await client(
    t,
    { emits: { news: { payload: TEXT } }, ...echo },
    { io: { connectionStateRecovery: {} } },
  )
  app.io.of('/chat').emit('news', { text: 'a' })
  t.strictSame(await socket.nextEvent('news'), { text: 'a' }, 'a recovery offset follows')
  const gone = next(socket, 'disconnect')
  socket.io.engine.close()
  await gone
  await until(() => app.io.of('/chat').sockets.size === 0)
  app.io.of('/chat').emit('news', { text: 'missed' })
  await socket.join('/chat')
  t.ok(socket.recovered)
  t.strictSame(await socket.nextEvent('news'), { text: 'missed' })
  t.strictSame(await socket.emitWithAck('echo', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
})

t.test('a schema that throws is acked as FST_NSP_INTERNAL, not as FST_NSP_EVENT_INVALID', async (t) => {
  const failing = {
    '~standard': {
      version: 1,
      vendor: 'failing',
      validate: () => {
        throw new TypeError('secret')
      },
    },
  }
  const { socket } = await client(t, { events: { e: { payload: failing, handler: () => {} } } })
  t.match(await socket.emitWithAck('e'), internal)
})

t.test("a client's answer beyond a limit is dropped", async (t) => {
  const { socket } = await client(
    t,
    {
      emits: { question: {} },
      events: {
        start: {
          handler: (_payload, { ask }) => ask('question', undefined, { timeoutMs: 1_500 }).catch(({ code }) => code),
        },
      },
    },
    { limits: { arguments: 2 } },
  )
  socket.once('question', (answer) => answer(1, 2, 3))
  t.strictSame(await socket.emitWithAck('start'), { ok: true, data: 'FST_NSP_ANSWER_TIMEOUT' })
  socket.once('question', (answer) => answer(1))
  t.strictSame(await socket.emitWithAck('start'), { ok: true, data: 1 })
})

t.test('ask() to a room asks the sockets of every node, and lists those without an answer as missing', async (t) => {
  const { app, socket } = await client(
    t,
    defineNamespace({
      emits: { add: { payload: { type: 'array', items: { type: 'integer' } }, reply: { type: 'integer' } } },
      events: {
        start: {
          handler: async (_payload, { to }) => {
            const { answers, missing } = await to('all').ask('add', [1, 2], { timeoutMs: 1_500 })
            return { answers: [...answers.values()], missing }
          },
        },
      },
      onConnect: ({ socket }) => void socket.join('all'),
    }),
  )
  const other = await app.injectSocket('/chat')
  other.on('add', ([a, b], answer) => answer(a + b))
  const { adapter } = app.io.of('/chat')
  const { fetchSockets } = adapter
  adapter.fetchSockets = async (options) => [
    ...(await fetchSockets.call(adapter, options)),
    { id: 'elsewhere', handshake: {}, rooms: new Set(['all']), data: {} } as never,
  ]
  t.strictSame(await socket.emitWithAck('start'), { ok: true, data: { answers: [3], missing: ['elsewhere'] } })
})

t.test('an error that the callback of a plain emit throws is logged and has no other effect', async (t) => {
  const { socket, lines } = await client(t, {
    events: {
      e: { handler: () => 1 },
      ask: {
        handler: (_payload, { socket }) =>
          void socket.emit('question', (answer: { text: string }) => answer.text.length),
      },
    },
  })
  socket.on('question', (answer) => answer(null))
  socket.emit('ask')
  await until(() => lines.some(({ msg }) => msg === 'ack callback failed'))
  t.match(await socket.emitWithAck('e'), { ok: true })
})

t.test('leaving and joining a namespace again does not reset the rate limit', async (t) => {
  const { app, socket } = await client(
    t,
    echo,
    { limits: { eventsPerSecond: 1 } },
    (app) => void app.namespace('/stay', {}),
  )
  await socket.join('/stay') // keeps the connection open
  await Promise.all([socket.emitWithAck('nothing'), socket.emitWithAck('nothing')])
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  await socket.join('/chat')
  t.match(await socket.emitWithAck('nothing'), { error: { code: 'FST_NSP_RATE_LIMITED' } })
})

t.test('an event with a forged placeholder reaches neither a handler nor an onAny listener', async (t) => {
  const heard: string[] = []
  const { socket } = await client(t, {
    onConnect: ({ socket }) => void socket.onAny((event) => void heard.push(event)),
    events: { e: { handler: () => {} }, f: { handler: () => {} } },
  })
  t.match(await socket.emitWithAck('e', { _placeholder: true, num: 9 }), {
    error: { code: 'FST_NSP_EVENT_MALFORMED' },
  })
  await socket.emitWithAck('f')
  t.strictSame(heard, ['f'])
})

t.test('0 turns a limit off', async (t) => {
  const { app, socket } = await client(
    t,
    { events: { join: { handler: (rooms, context) => context.socket.join(rooms as string[]) }, ...echo.events } },
    { limits: { roomsPerSocket: 0, eventsPerSecond: 0, eventsInFlight: 0, eventsWaiting: 0, bytesWaiting: 0 } },
  )
  const rooms = Array.from({ length: 2_000 }, (_, index) => `room ${index}`)
  t.match(await socket.emitWithAck('join', rooms), { ok: true })
  t.equal(app.io.of('/chat').sockets.get(socket.id as string)?.rooms.size, 2_001)
  const acks = await Promise.all(Array.from({ length: 1_000 }, () => socket.emitWithAck('later', 1)))
  t.ok(acks.every(({ ok }) => ok))
})

t.test('handlers, hooks and middlewares may return a thenable whose then() returns nothing', async (t) => {
  const lazy = (value: unknown, calls: string[], what: string) => ({
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested
    then(fulfil: (value: unknown) => void) {
      setImmediate(() => {
        calls.push(what)
        fulfil(value)
      })
    },
  })
  const calls: string[] = []
  const { socket } = await client(t, {
    onConnect: ({ socket }) =>
      void socket.use((_event, next) => {
        next()
        return lazy(undefined, calls, 'middleware') as never
      }),
    events: {
      e: {
        preHandler: () => lazy(undefined, calls, 'hook') as never,
        handler: () => lazy('well', calls, 'handler'),
        idempotency: { key: () => 'k' },
      },
    },
  })
  for (let i = 0; i < 2; i++) t.strictSame(await socket.emitWithAck('e'), { ok: true, data: 'well' })
  t.strictSame(
    calls.filter((what) => what !== 'middleware'),
    ['hook', 'handler', 'hook'],
  )
})

t.test('an error with a getter that throws is logged with the id that the client receives', async (t) => {
  const { socket, lines } = await client(t, {
    events: {
      e: {
        handler: () => {
          throw Object.defineProperty(new Error('odd'), 'code', {
            enumerable: true,
            get() {
              throw new Error('a getter')
            },
          })
        },
      },
    },
  })
  const { error } = await socket.emitWithAck('e')
  t.match(error, { code: 'FST_NSP_INTERNAL', details: { id: String } })
  t.match(
    lines.filter(({ errorId }) => errorId === error.details.id),
    [{ level: 50, event: 'e', msg: /^event failed/ }],
  )
})
