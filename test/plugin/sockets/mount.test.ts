import Fastify, { type FastifyInstance } from 'fastify'
import fastifySocketIo from 'fastify-socket.io'
import t from 'tap'
import namespaces, { defineNamespace, type HandlerContext } from '../../../plugin/index.js'
import { build, client, heard, logLines, next, refusal, until, withResolvers } from '../harness.js'

t.test('the original application: a connection is logged, and everyone in the namespace is greeted', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      namespaces: {
        '/': {},
        '/my-namespace': {
          emits: { hi: {} },
          onConnect: ({ namespace, log }) => {
            log.info('someone connected')
            namespace.emit('hi', 'Hello everyone!')
          },
        },
      },
    },
    undefined,
    { logger },
  )
  const first = await app.injectSocket('/my-namespace')
  t.equal(await first.nextEvent('hi'), 'Hello everyone!')
  const second = await app.injectSocket('/my-namespace')
  t.equal(await second.nextEvent('hi'), 'Hello everyone!')
  t.equal(await first.nextEvent('hi'), 'Hello everyone!', 'the first one is greeted again')
  const said = lines.filter(({ msg }) => msg === 'someone connected')
  t.match(said, [
    { namespace: '/my-namespace', socketId: first.id, reqId: /^req-/ },
    { namespace: '/my-namespace', socketId: second.id, reqId: /^req-/ },
  ])
})

t.test('several namespaces share one WebSocket connection', async (t) => {
  const methods: string[] = []
  const app = await build(t, { namespaces: { '/': {}, '/a': {}, '/b': {} } }, (app) => {
    app.addHook('onRequest', async ({ method }) => void methods.push(method))
  })
  const root = await app.injectSocket('/')
  await Promise.all([root.join('/a'), root.join('/b')])
  t.equal(app.io.engine.clientsCount, 1)
  t.strictSame(methods, ['GET', 'CONNECT', 'CONNECT', 'CONNECT'], 'one handshake, and a connect for each')
})

t.test('onConnect receives the socket, the namespace, the request, the log, emit and to', async (t) => {
  const contexts: HandlerContext<unknown>[] = []
  const { app, socket: first } = await client(t, {
    onConnect: (context) => {
      contexts.push(context)
      context.socket.join('members')
    },
  })
  const second = await app.injectSocket('/chat')
  const [{ socket, namespace, request, log, emit, to }] = contexts as [HandlerContext<{ greeting: unknown }>]
  t.equal(socket.id, first.id)
  t.equal(namespace, app.io.of('/chat'))
  t.match(request, { method: 'CONNECT', url: '/chat' })
  t.equal(log, contexts[0]?.log, 'one logger, made once')
  const own = next(first, 'greeting')
  emit('greeting')
  t.strictSame(await own, [])
  const others = next(second, 'greeting')
  to('members').emit('greeting')
  t.strictSame(await others, [])
})

t.test('an error of onConnect is logged, and its socket is disconnected', async (t) => {
  const { lines, logger } = logLines()
  const left: string[] = []
  const failing = {
    throws: () => {
      throw new Error('no')
    },
    rejects: async () => Promise.reject(new Error('no')),
    'throws-nothing-sensible': () => {
      throw undefined
    },
  }
  const app = await build(
    t,
    {
      namespaces: Object.fromEntries(
        Object.entries(failing).map(([how, onConnect]) => [
          `/${how}`,
          { onConnect, onDisconnect: ({ reason }) => void left.push(reason) },
        ]),
      ),
    },
    undefined,
    { logger },
  )
  for (const how of Object.keys(failing)) {
    const socket = await app.injectSocket(`/${how}`)
    await t.rejects(socket.nextEvent('news'), { message: /has disconnected \(io server disconnect\)/ }, how)
  }
  t.equal(lines.filter(({ msg }) => msg === 'onConnect failed').length, 3)
  await until(() => left.length === 3)
  t.strictSame(left, Array(3).fill('server namespace disconnect'))
})

t.test('onDisconnect runs after onConnect has settled, and its error is logged', async (t) => {
  const order: string[] = []
  const ready = withResolvers()
  const { app, socket, lines } = await client(t, {
    onConnect: async () => {
      await ready.promise
      order.push('connected')
    },
    onDisconnect: () => {
      order.push('disconnected')
      throw new Error('no')
    },
  })
  const [joined] = app.io.of('/chat').sockets.values()
  socket.disconnect()
  await heard(joined as NodeJS.EventEmitter, 'disconnect')
  t.strictSame(order, [])
  ready.resolve()
  await until(() => lines.some(({ msg }) => msg === 'onDisconnect failed'))
  t.strictSame(order, ['connected', 'disconnected'])
})

t.test('an error of a plain listener is logged, and the socket stays connected', async (t) => {
  const misbehave = (socket: { on(event: string, listener: () => void): void }) => {
    socket.on('throws', () => {
      throw new Error('thrown')
    })
  }
  // A namespace without a definition, and the default one, are prepared, too.
  const declare = (app: FastifyInstance) => {
    app.io.of('/plain').on('connection', misbehave)
    app.io.on('connection', misbehave)
  }
  const { socket, lines } = await client(
    t,
    {
      onConnect: ({ socket }) => {
        misbehave(socket)
        socket.on('rejects', async () => Promise.reject(new Error('rejected')))
        socket.on('echo', (value, ack) => ack(value))
      },
    },
    {},
    declare,
  )
  socket.emit('throws').emit('rejects')
  t.equal(await socket.emitWithAck('echo', 1), 1)
  for (const name of ['/plain', '/']) (await socket.join(name)).emit('throws')
  const failures = () => lines.filter(({ msg }) => msg === 'listener failed')
  await until(() => failures().length === 4)
  t.strictSame(
    new Set(failures().map(({ namespace, event }) => `${namespace} ${event}`)),
    new Set(['/chat throws', '/chat rejects', '/plain throws', '/ throws']),
  )
})

t.test('a connect to the default namespace is refused unless it is declared or has a listener', async (t) => {
  const bare = await build(t)
  t.match(await refusal(bare.injectSocket('/')), {
    message: 'Invalid namespace',
    data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 },
  })
  const mounted = await build(t, { namespaces: { '/': {} } })
  t.ok((await mounted.injectSocket('/')).connected)
  for (const event of ['connection', 'connect'] as const) {
    const listened = await build(t)
    listened.io.on(event, () => {})
    t.ok((await listened.injectSocket('/')).connected, event)
  }
})

t.test("a namespace that is declared in a context has the context's prefix", async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  app.register(
    async (scope) => {
      t.equal(scope.namespace('/reports', {}), scope, 'it chains, as route() does')
      scope.namespace('/', {})
      scope.register(async (inner) => void inner.namespace('/daily', {}), { prefix: '/all' })
    },
    { prefix: '/v1' },
  )
  const socket = await app.injectSocket('/v1/reports')
  await Promise.all(['/v1', '/v1/all/daily', '/chat'].map((name) => socket.join(name)))
  t.match(await refusal(socket.join('/reports')), { message: 'Invalid namespace' })
})

t.test('declaring a name twice is an error, also if contexts and prefixes produce it', async (t) => {
  const app = await build(t, { namespaces: { '/v1/chat': {} } })
  t.throws(() => app.namespace('/v1/chat', {}), { code: 'FST_NSP_NAMESPACE_DUPLICATE', message: /"?\/v1\/chat/ })
  const declareBelow = async () => {
    await app.register(async (scope) => void scope.namespace('/chat', {}), { prefix: '/v1' })
  }
  await t.rejects(declareBelow(), { code: 'FST_NSP_NAMESPACE_DUPLICATE' })
})

t.test('declaring after ready is an error, as it is for a route', async (t) => {
  const app = await build(t)
  await app.ready()
  t.throws(() => app.namespace('/late', {}), { code: 'FST_NSP_ALREADY_READY', message: /\/late/ })
})

t.test('printNamespaces() prints the tree', async (t) => {
  const app = await build(t, {
    namespaces: {
      '/': { description: 'Who is here' },
      '/chat': defineNamespace({ description: 'Rooms', emits: { 'message:new': {}, 'room:left': {} } }),
      '/v1/reports/daily': {},
      '/v1/reports': { description: 'Reports' },
    },
  })
  t.equal(
    app.printNamespaces(),
    `/ (mounted) Who is here
├── chat (emits message:new room:left) Rooms
└── v1
    └── reports (mounted) Reports
        └── daily (mounted)
`,
  )
  const none = await build(t, {})
  t.equal(none.printNamespaces(), '/ (nothing declared)\n')
})

t.test(
  'registering twice, in one context or in a nested one, is an error; so is an `io` of another plugin',
  async (t) => {
    const app = await build(t)
    const again = async (instance: FastifyInstance) => {
      await instance.register(namespaces, {})
    }
    await t.rejects(again(app), { code: 'FST_NSP_ALREADY_REGISTERED' })
    const parent = await build(t)
    const below = async () => {
      await parent.register(again)
    }
    await t.rejects(below(), { code: 'FST_NSP_ALREADY_REGISTERED' })
    const decorated = Fastify()
    decorated.decorate('io', {} as never)
    await t.rejects(again(decorated), { code: 'FST_NSP_IO_PRESENT', message: /remove the other/ })
    const addOther = async (instance: FastifyInstance) => {
      await instance.register(fastifySocketIo.default)
    }
    await t.rejects(addOther(await build(t)), { code: 'FST_ERR_DEC_ALREADY_PRESENT' }, 'nor does another come after it')
    const other = Fastify()
    t.teardown(() => other.close())
    await addOther(other)
    await t.rejects(again(other), { code: 'FST_NSP_IO_PRESENT' })
  },
)
