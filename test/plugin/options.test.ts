import Fastify from 'fastify'
import t from 'tap'
import namespaces from '../../plugin/index.js'
import { type NamespacesOptions, normalizeOptions } from '../../plugin/options.js'

t.test('options have defaults, are frozen, and the argument is left alone', async (t) => {
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
})

t.test('an option that is unknown or wrong is refused with its path and what would do', async (t) => {
  const wrong: [options: object, message: RegExp][] = [
    [
      { namespace: {} },
      /^Option namespace is unknown: use one of io, namespaces, prefix, handlerTimeoutMs, onConnectTimeoutMs, admissionTimeoutMs, userIdOf, fast, limits, closeTimeoutMs$/,
    ],
    [{ io: 7 }, /^Option io must be object: got 7$/],
    [{ io: { pingIntervall: 7 } }, /^Option io\.pingIntervall is no option of a Socket\.IO 4\.8 server$/],
    [{ io: { pingInterval: '25s' } }, /^Option io\.pingInterval must be integer: got "25s"$/],
    [{ io: { pingInterval: 0 } }, /^Option io\.pingInterval must be >= 1: got 0$/],
    [{ io: { path: 'socket.io' } }, /^Option io\.path must match pattern/],
    [{ io: { transports: ['pigeon'] } }, /^Option io\.transports\.0 must be one of polling, websocket$/],
    [{ io: { transports: [] } }, /^Option io\.transports must NOT have fewer than 1 items/],
    [{ io: { cors: { origin: true } } }, /^Option io\.cors\.origin must name the origins/],
    [{ io: { cors: { origin: '*', credentials: true } } }, /^Option io\.cors\.origin must name the origins/],
    [
      { io: { connectionStateRecovery: { skipMiddlewares: true } } },
      /^Option io\.connectionStateRecovery\.skipMiddlewares must not be true/,
    ],
    [
      { io: { connectionStateRecovery: { maxDisconnectionDuration: 2 ** 31 } } },
      /^Option io\.connectionStateRecovery\.maxDisconnectionDuration must be <= 2147483647: got 2147483648$/,
    ],
    [{ limits: { depth: 0 } }, /^Option limits\.depth must be >= 1: got 0$/],
    [{ limits: { roms: 1 } }, /^Option limits\.roms is unknown: use one of eventsPerSecond, /],
    [{ handlerTimeoutMs: '1s' }, /^Option handlerTimeoutMs must be integer: got "1s"$/],
    [{ namespaces: [] }, /^Option namespaces must be object: got \[\]$/],
    [{ prefix: 'v1' }, /^Option prefix must match pattern/],
    [{ closeTimeoutMs: -1 }, /^Option closeTimeoutMs must be >= 0: got -1$/],
    [{ closeTimeoutMs: () => 1 }, /^Option closeTimeoutMs must be integer: got function$/],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => normalizeOptions(options), { code: 'FST_NSP_OPTIONS_INVALID', message })
  }
})

t.test('it fails at boot', async (t) => {
  const app = Fastify()
  app.register(namespaces, { io: { pingInterval: -1 } })
  await t.rejects(async () => void (await app.ready()), { code: 'FST_NSP_OPTIONS_INVALID' })
})
