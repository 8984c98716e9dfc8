import t from 'tap'
import { type NamespacesOptions, normalizeOptions } from '../../../../plugin/definition/normalize/plugin-options.js'

const read = (adapter: unknown, io = {}) => normalizeOptions({ io, adapter } as NamespacesOptions)
const url = 'redis://localhost:6379'

t.test('the options of a broker have defaults and are frozen', async (t) => {
  const { adapter } = read({ type: 'redis', url })
  t.strictSame(adapter, {
    type: 'redis',
    url,
    prefix: 'fastify-namespaces',
    connectTimeoutMs: 5_000,
    waitForBroker: false,
    logs: 8,
    outboxBytes: 67_108_864,
    requestTimeoutMs: 5_000,
  })
  t.ok(Object.isFrozen(adapter))
  t.equal(normalizeOptions({}).adapter, undefined)
})

t.test('each kind takes its url, or what is handed over in its place', async (t) => {
  const client = { duplicate: () => client }
  const pool = { connect: () => {} }
  for (const adapter of [
    { type: 'redis', url },
    { type: 'redis', url: 'rediss://user:p%40ss@[::1]:6380/3' },
    { type: 'redis', client },
    { type: 'postgres', url: 'postgres://user:password@localhost:5432/database' },
    { type: 'postgres', url: 'postgresql:///database?host=/run/postgresql' },
    { type: 'postgres', pool },
    { type: 'cluster' },
  ])
    t.match(read(adapter).adapter, adapter)
})

t.test('an adapter of Socket.IO is passed on, whether class or function', async (t) => {
  for (const adapter of [class {}, function create() {}, () => {}]) {
    const options = read(adapter)
    t.equal(options.io.adapter, adapter)
    t.equal(options.adapter, undefined)
  }
})

t.test('a wrong option is refused with its path, and no message has a password', async (t) => {
  const types = '"redis", "postgres", "cluster"'
  const wrong: [adapter: unknown, message: string | RegExp][] = [
    ['redis', 'adapter must be an object with a type, a class or a function: got string'],
    [null, 'adapter must be an object with a type, a class or a function: got null'],
    [{}, `adapter.type must be one of ${types}: got undefined`],
    [{ type: 'reddis', url }, `adapter.type must be one of ${types}: did you mean "redis"? got "reddis"`],
    [{ type: 'constructor' }, `adapter.type must be one of ${types}: got "constructor"`],
    [{ type: 'redis', url, logz: 1 }, /^adapter\.logz is unknown: did you mean "logs"\? use one of type, prefix, /],
    [{ type: 'cluster', url }, /^adapter\.url is unknown: use one of type, /],
    [{ type: 'redis', url, logs: 65 }, 'adapter.logs must be a whole number from 1 to 64: got 65'],
    [{ type: 'redis', url, prefix: '{a}' }, /^adapter\.prefix must be one to 40 letters, .*: got "\{a\}"$/],
    [{ type: 'redis' }, 'adapter must have one of url and client: got neither'],
    [{ type: 'postgres' }, 'adapter must have one of url and pool: got neither'],
    [{ type: 'redis', url, client: { duplicate() {} } }, 'adapter must have one of url and client: got both'],
    [
      { type: 'redis', client: {} },
      'adapter.client must be a client of redis or ioredis, with duplicate(): got object',
    ],
    [{ type: 'postgres', pool: 'x' }, 'adapter.pool must be a Pool of pg: got "x"'],
  ]
  const places = [
    'secret',
    'http://u:secret@host',
    'redis://u:secret@host/zero',
    'redis://u:secret%@host',
    'redis://:secret@',
  ]
  for (const place of places)
    wrong.push([{ type: 'redis', url: place }, /^adapter\.url must be a url as redis:\/\/user:/])
  for (const [adapter, message] of wrong) {
    const expected =
      typeof message === 'string' ? `Option ${message}` : new RegExp(message.source.replace('^', '^Option '))
    t.throws(() => read(adapter), { code: 'FST_NSP_OPTIONS_INVALID', message: expected })
    try {
      read(adapter)
    } catch (error) {
      t.notMatch((error as Error).message, 'secret')
    }
  }
})

t.test('adapter and io.adapter are not given together', async (t) => {
  const message = 'Option adapter stands beside io.adapter: give one of them'
  for (const adapter of [{ type: 'cluster' }, class {}])
    t.throws(() => read(adapter, { adapter: class {} }), { code: 'FST_NSP_OPTIONS_INVALID', message })
})
