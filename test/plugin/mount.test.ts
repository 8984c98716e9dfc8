import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import namespaces, { defineNamespace, type HandlerContext } from '../../plugin/index.js'
import { build, heard, join, listen, next, until } from './harness.js'

/** Lines of an instance's log, parsed. */
function logLines(): { lines: Record<string, unknown>[]; logger: object } {
  const lines: Record<string, unknown>[] = []
  return { lines, logger: { level: 'info', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } } }
}

t.test('the seed: someone connected is logged, and everyone in the namespace is greeted', async (t) => {
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
  const url = `http://127.0.0.1:${await listen(app)}`
  const first = join(t, url, '/my-namespace')
  t.strictSame(await next(first, 'hi'), ['Hello everyone!'])
  const again = next(first, 'hi')
  const second = join(t, url, '/my-namespace')
  t.strictSame(await next(second, 'hi'), ['Hello everyone!'])
  t.strictSame(await again, ['Hello everyone!'], 'the first one is greeted again')
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
  const root = join(t, `http://127.0.0.1:${await listen(app)}`, '/', { transports: ['websocket'] })
  const all = [root, root.io.socket('/a'), root.io.socket('/b')]
  await Promise.all(all.map((socket) => next(socket, 'connect')))
  t.equal(app.io.engine.clientsCount, 1)
  t.strictSame(methods, ['GET', 'CONNECT', 'CONNECT', 'CONNECT'], 'one handshake, and a connect for each')
})

t.test('onConnect receives the socket, the namespace, the request, the log, emit and to', async (t) => {
  const contexts: HandlerContext<unknown>[] = []
  const app = await build(t, {
    namespaces: {
      '/chat': {
        onConnect: (context) => {
          contexts.push(context)
          context.socket.join('members')
        },
      },
    },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const first = join(t, url, '/chat')
  await next(first, 'connect')
  const second = join(t, url, '/chat')
  await next(second, 'connect')
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

t.test('what onConnect throws or rejects is logged, and its socket is disconnected', async (t) => {
  const { lines, logger } = logLines()
  const left: string[] = []
  const failing = {
    throws: () => {
      throw new Error('no')
    },
    rejects: async () => Promise.reject(new Error('no')),
    'throws nothing sensible': () => {
      throw undefined
    },
  }
  const app = await build(
    t,
    {
      namespaces: Object.fromEntries(
        Object.entries(failing).map(([how, onConnect]) => [
          `/${how.replaceAll(' ', '-')}`,
          { onConnect, onDisconnect: ({ reason }) => void left.push(reason) },
        ]),
      ),
    },
    undefined,
    { logger },
  )
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const how of Object.keys(failing)) {
    const socket = join(t, url, `/${how.replaceAll(' ', '-')}`)
    t.strictSame((await next(socket, 'disconnect'))[0], 'io server disconnect', how)
  }
  t.equal(lines.filter(({ msg }) => msg === 'onConnect failed').length, 3)
  await until(() => left.length === 3)
  t.strictSame(left, Array(3).fill('server namespace disconnect'))
})

t.test('onDisconnect runs after onConnect has settled, and what it throws is logged', async (t) => {
  const { lines, logger } = logLines()
  const order: string[] = []
  let release: () => void = () => {}
  const app = await build(
    t,
    {
      namespaces: {
        '/chat': {
          onConnect: async () => {
            await new Promise<void>((resolve) => {
              release = resolve
            })
            order.push('connected')
          },
          onDisconnect: () => {
            order.push('disconnected')
            throw new Error('no')
          },
        },
      },
    },
    undefined,
    { logger },
  )
  const connection = heard(app.io.of('/chat'), 'connection')
  const client = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat')
  const [socket] = (await connection) as [NodeJS.EventEmitter]
  const gone = heard(socket, 'disconnect')
  await next(client, 'connect')
  client.disconnect()
  await gone
  t.strictSame(order, [])
  release()
  await until(() => lines.some(({ msg }) => msg === 'onDisconnect failed'))
  t.strictSame(order, ['connected', 'disconnected'])
})

t.test('a plain listener that throws or rejects is logged, and the socket goes on', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      namespaces: {
        '/chat': {
          onConnect: ({ socket }) => {
            socket.on('throws', () => {
              throw new Error('thrown')
            })
            socket.on('rejects', async () => Promise.reject(new Error('rejected')))
            socket.on('echo', (value, ack) => ack(value))
          },
        },
      },
    },
    undefined,
    { logger },
  )
  // A namespace that was never declared, and the default one, are contained as well.
  const misbehave = (socket: { on(event: string, listener: () => void): void }) => {
    socket.on('throws', () => {
      throw new Error('thrown')
    })
  }
  app.io.of('/plain').on('connection', misbehave)
  app.io.on('connection', misbehave)
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/chat')
  socket.emit('throws').emit('rejects')
  t.equal(await socket.emitWithAck('echo', 1), 1)
  socket.io.socket('/plain').emit('throws')
  socket.io.socket('/').emit('throws')
  await until(() => lines.filter(({ msg }) => msg === 'listener failed').length === 4)
  t.strictSame(
    new Set(
      lines.filter(({ msg }) => msg === 'listener failed').map(({ namespace, event }) => `${namespace} ${event}`),
    ),
    new Set(['/chat throws', '/chat rejects', '/plain throws', '/ throws']),
  )
})

t.test('the default namespace is refused unless it is mounted or listened on', async (t) => {
  const url = async (app: FastifyInstance) => `http://127.0.0.1:${await listen(app)}`
  const bare = await build(t)
  const [error] = await next(join(t, await url(bare), '/'), 'connect_error')
  t.match(error, { message: 'Invalid namespace', data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 } })
  await next(join(t, await url(await build(t, { namespaces: { '/': {} } })), '/'), 'connect')
  for (const event of ['connection', 'connect'] as const) {
    const listened = await build(t)
    listened.io.on(event, () => {})
    await next(join(t, await url(listened), '/'), 'connect')
  }
})

t.test('a namespace declared in a context has its prefix', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  app.register(
    async (scope) => {
      t.equal(scope.namespace('/reports', {}), scope, 'it chains, as route() does')
      scope.namespace('/', {})
      scope.register(async (inner) => void inner.namespace('/daily', {}), { prefix: '/all' })
    },
    { prefix: '/v1' },
  )
  const first = join(t, `http://127.0.0.1:${await listen(app)}`, '/v1/reports')
  const all = [first, ...['/v1', '/v1/all/daily', '/chat'].map((name) => first.io.socket(name))]
  await Promise.all(all.map((socket) => next(socket, 'connect')))
  t.match((await next(first.io.socket('/reports'), 'connect_error'))[0], { message: 'Invalid namespace' })
})

t.test('the same name twice is an error, also when contexts and prefixes make it the same', async (t) => {
  const app = await build(t, { namespaces: { '/v1/chat': {} } })
  t.throws(() => app.namespace('/v1/chat', {}), { code: 'FST_NSP_NAMESPACE_DUPLICATE', message: /"?\/v1\/chat/ })
  const declareBelow = async () => {
    await app.register(async (scope) => void scope.namespace('/chat', {}), { prefix: '/v1' })
  }
  await t.rejects(declareBelow(), { code: 'FST_NSP_NAMESPACE_DUPLICATE' })
})

t.test('a definition after ready is an error, as it is for a route', async (t) => {
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

t.test('registering twice in one context, or below it, is an error; so is an io of another plugin', async (t) => {
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
})
