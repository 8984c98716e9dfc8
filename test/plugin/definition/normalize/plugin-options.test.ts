import Fastify from 'fastify'
import t from 'tap'
import { type NamespacesOptions, normalizeOptions } from '../../../../plugin/definition/normalize/plugin-options.js'
import namespaces from '../../../../plugin/index.js'
import { build } from '../../harness.js'

t.test('options have defaults and are frozen, and the argument is not changed', async (t) => {
  const options: NamespacesOptions = Object.freeze({ io: Object.freeze({ pingInterval: 1_000 }) })
  const normal = normalizeOptions(options)
  t.match(normal, {
    io: { path: '/socket.io', pingInterval: 1_000 },
    namespaces: {},
    prefix: '',
    closeTimeoutMs: 1_000,
  })
  t.ok(Object.isFrozen(normal))
  t.ok(Object.isFrozen(normal.io))
  t.strictSame(options, { io: { pingInterval: 1_000 } })
  t.match(normalizeOptions({}), { io: { path: '/socket.io' } })
  t.strictSame(
    normalizeOptions({ limits: { depth: undefined as never } }).limits.depth,
    32,
    'undefined counts as omitted',
  )
  const adapter = class {}
  const io = { adapter: adapter as never, connectionStateRecovery: { skipMiddlewares: false } }
  t.equal(normalizeOptions({ io }).io.adapter, adapter)
  t.strictSame(normalizeOptions({ io }).io.connectionStateRecovery, { skipMiddlewares: false })
})

t.test('an unknown or invalid option is refused with its path and the remedy', async (t) => {
  const wrong: [options: object, message: RegExp][] = [
    [
      { namespace: {} },
      /^Option namespace is unknown: did you mean "namespaces"\? use one of adapter, io, namespaces, prefix, handlerTimeoutMs, onConnectTimeoutMs, admissionTimeoutMs, userIdOf, fast, limits, closeTimeoutMs, outbox, drain, document$/,
    ],
    [{ io: 7 }, /^Option io must be an object: got 7$/],
    [
      { io: { pingIntervall: 7 } },
      /^Option io\.pingIntervall is not an option of a Socket\.IO 4\.8 server: did you mean "pingInterval"\?$/,
    ],
    [
      { io: { pingInterval: '25s' } },
      /^Option io\.pingInterval must be a whole number from 1 to 2147483647: got "25s"$/,
    ],
    [{ io: { pingInterval: 0 } }, /^Option io\.pingInterval must be a whole number from 1 to 2147483647: got 0$/],
    [
      { io: { path: 'socket.io' } },
      /^Option io\.path must be a path that begins with a slash, without white space, \? and #: got "socket.io"$/,
    ],
    [
      { io: { transports: ['pigeon'] } },
      /^Option io\.transports\.0 must be one of polling, websocket, webtransport, each once$/,
    ],
    [
      { io: { transports: ['polling', 'polling'] } },
      /^Option io\.transports\.1 must be one of polling, websocket, webtransport, each once$/,
    ],
    [{ fast: 'yes' }, /^Option fast must be true or false: got "yes"$/],
    [{ userIdOf: 10n }, /^Option userIdOf must be a function: got 10$/],
    [
      { io: { transports: [] } },
      /^Option io\.transports must be an array with one or more of polling, websocket, webtransport: got array$/,
    ],
    [{ io: { cors: { origin: true } } }, /^Option io\.cors\.origin must list the origins/],
    [{ io: { cors: { origin: '*', credentials: true } } }, /^Option io\.cors\.origin must list the origins/],
    [
      { io: { connectionStateRecovery: { skipMiddlewares: true } } },
      /^Option io\.connectionStateRecovery\.skipMiddlewares must not be true/,
    ],
    [
      { io: { connectionStateRecovery: true } },
      /^Option io\.connectionStateRecovery must be an object, \{\} for its defaults: got true$/,
    ],
    [
      { io: { connectionStateRecovery: { maxDisconnectionDuration: 2 ** 31 } } },
      /^Option io\.connectionStateRecovery\.maxDisconnectionDuration must be a whole number from 0 to 2147483647: got 2147483648$/,
    ],
    [{ limits: { depth: 0 } }, /^Option limits\.depth must be a whole number from 1 to 2147483647: got 0$/],
    [{ limits: { roms: 1 } }, /^Option limits\.roms is unknown: use one of eventsPerSecond, /],
    [{ handlerTimeoutMs: '1s' }, /^Option handlerTimeoutMs must be a whole number from 0 to 2147483647: got "1s"$/],
    [{ namespaces: [] }, /^Option namespaces must be an object: got array$/],
    [{ limits: [] }, /^Option limits must be an object: got array$/],
    [{ io: [] }, /^Option io must be an object: got array$/],
    [{ io: null }, /^Option io must be an object: got null$/],
    [{ io: { transport: [] } }, /^Option io\.transport is not an option .+: did you mean "transports"\?$/],
    [{ io: { nonsense: 1 } }, /^Option io\.nonsense is not an option of a Socket\.IO 4\.8 server$/],
    [{ closeTimeoutMs: 10n }, /^Option closeTimeoutMs must be a whole number from 0 to 600000: got 10$/],
    [
      { prefix: 'v1' },
      /^Option prefix must be empty, or segments that each begin with a slash, without a slash at the end, white space, \? and #: got "v1"$/,
    ],
    [{ closeTimeoutMs: -1 }, /^Option closeTimeoutMs must be a whole number from 0 to 600000: got -1$/],
    [{ closeTimeoutMs: () => 1 }, /^Option closeTimeoutMs must be a whole number from 0 to 600000: got function$/],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => normalizeOptions(options), { code: 'FST_NSP_OPTIONS_INVALID', message })
  }
})

t.test('an invalid option fails at boot', async (t) => {
  const app = Fastify()
  app.register(namespaces, { io: { pingInterval: -1 } })
  await t.rejects(async () => void (await app.ready()), { code: 'FST_NSP_OPTIONS_INVALID' })
})

t.test('payloadBytes and maxHttpBufferSize agree: one sets the other, and a contradiction is refused', async (t) => {
  const sizes = (limits: object, io: object) => {
    const normal = normalizeOptions({ limits, io })
    return [normal.limits.payloadBytes, normal.io.maxHttpBufferSize]
  }
  t.strictSame(sizes({}, {}), [1_000_000, undefined])
  t.strictSame(sizes({ payloadBytes: 5_000_000 }, {}), [5_000_000, 5_000_000])
  t.strictSame(
    sizes({ payloadBytes: 1_000 }, {}),
    [1_000, 1_000_000],
    'a packet above it is answered, and its connection stays open',
  )
  t.strictSame(sizes({ payloadBytes: 1_000 }, { maxHttpBufferSize: 2_000 }), [1_000, 2_000])
  t.strictSame(sizes({ payloadBytes: 2_000 }, { maxHttpBufferSize: 2_000 }), [2_000, 2_000])
  t.strictSame(sizes({}, { maxHttpBufferSize: 2_000 }), [2_000, 2_000], 'the default is lowered with it')
  t.strictSame(sizes({}, { maxHttpBufferSize: 5_000_000 }), [1_000_000, 5_000_000], 'the default is not raised')
  t.throws(() => sizes({ payloadBytes: 2_001 }, { maxHttpBufferSize: 2_000 }), {
    code: 'FST_NSP_OPTIONS_INVALID',
    message: 'Option limits.payloadBytes must be within io.maxHttpBufferSize, which is 2000: got 2001',
  })
})

t.test('a packet of several megabytes is accepted within `payloadBytes`, on both transports', async (t) => {
  const app = await build(t, {
    limits: { payloadBytes: 4_000_000 },
    namespaces: { '/x': { events: { size: { handler: (payload) => (payload as Buffer).length } } } },
  })
  for (const transport of ['websocket', 'polling'] as const) {
    const socket = await app.injectSocket('/x', { transport })
    t.strictSame(await socket.emitWithAck('size', Buffer.alloc(2_500_000)), { ok: true, data: 2_500_000 }, transport)
  }
})

t.test('what all nodes may have together needs an adapter with a type, or none', async (t) => {
  const limits = { allNodes: { connections: 5 } }
  const allNodes = { connections: 5, dynamicNamespaces: 0 }
  for (const options of [{}, { adapter: { type: 'redis', url: 'redis://localhost' } as const }])
    t.strictSame(normalizeOptions({ ...options, limits }).limits.allNodes, allNodes)
  t.ok(Object.isFrozen(normalizeOptions({ limits }).limits.allNodes))
  const adapter = class {} as never
  t.strictSame(normalizeOptions({ adapter }).limits.allNodes, { connections: 0, dynamicNamespaces: 0 })
  t.ok(normalizeOptions({ adapter, limits: { allNodes: { dynamicNamespaces: 0 } } }))
  for (const options of [{ adapter }, { io: { adapter } }])
    t.throws(() => normalizeOptions({ ...options, limits }), {
      code: 'FST_NSP_OPTIONS_INVALID',
      message:
        'Option limits.allNodes.connections needs an adapter with a type, such as redis: with an adapter of Socket.IO, nodes do not tell each other what they have',
    })
  t.throws(() => normalizeOptions({ limits: { allNodes: { dynamicNamespaces: -1 } } }), {
    message: 'Option limits.allNodes.dynamicNamespaces must be a whole number from 0 to 2147483647: got -1',
  })
  t.throws(() => normalizeOptions({ limits: { allNodes: { rooms: 1 } as object } }), {
    message: 'Option limits.allNodes.rooms is unknown: use one of connections, dynamicNamespaces',
  })
})
