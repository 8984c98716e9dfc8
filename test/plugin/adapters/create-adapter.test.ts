import pg from 'pg'
import t, { type Test } from 'tap'
import { type AdapterOptions, defineNamespace } from '../../../plugin/index.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { hasRedis } from '../../cluster/redis.js'
import { build, logLines } from '../harness.js'
import { CLIENTS } from './redis/broker-harness.js'
import { startProxy, startTestRedis } from './redis/redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'
const noPostgres = (await hasPostgres()) ? false : 'PostgreSQL is not installed'
const nowhere = CLIENTS.redis({ path: '/nowhere/redis.sock' })

const chat = defineNamespace({
  emits: { said: { payload: { type: 'string' } } },
  onDisconnect: ({ namespace }) => void namespace.emit('said', 'bye'),
})

function start(t: Test, adapter: AdapterOptions, log = logLines(), io = {}) {
  return build(t, { io, adapter, namespaces: { '/chat': chat } }, undefined, { logger: log.logger })
}

t.test(
  'an emit on one node reaches the clients of all, and so does that of the last onDisconnect',
  { skip },
  async (t) => {
    const redis = await startTestRedis(t)
    const proxy = await startProxy(t, redis.path)
    const one = await start(t, { type: 'redis', url: `redis://127.0.0.1:${proxy.port}` })
    const other = await start(t, { type: 'redis', client: CLIENTS.ioredis(redis) })
    const [near, far] = [await one.injectSocket('/chat'), await other.injectSocket('/chat')]
    one.namespaceOf('/chat').emit('said', 'hello')
    t.equal(await near.nextEvent('said'), 'hello')
    t.equal(await far.nextEvent('said'), 'hello')
    await one.close()
    t.equal(await far.nextEvent('said'), 'bye')
  },
)

t.test('a broker that is down fails the boot, and the instance still closes', async (t) => {
  const app = await start(t, { type: 'redis', client: nowhere })
  await t.rejects(async () => void (await app.ready()), { code: 'FST_NSP_BROKER_UNREACHABLE' })
})

t.test('with waitForBroker the instance boots without it, and connects later', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  await redis.kill()
  const log = logLines()
  const app = await start(t, { type: 'redis', client: CLIENTS.redis(redis), waitForBroker: true, outboxBytes: 1 }, log)
  const socket = await app.injectSocket('/chat')
  app.namespaceOf('/chat').emit('said', 'later')
  t.throws(() => app.namespaceOf('/chat').emit('said', 'too much'), { code: 'FST_NSP_BROKER_BACKLOG' })
  while (!log.lines.some(({ msg }) => msg === 'Redis can not be reached yet')) await new Promise(setImmediate)
  await redis.start()
  t.equal(await socket.nextEvent('said'), 'later')
})

t.test('an instance that closes while it waits says nothing', async (t) => {
  const log = logLines()
  const app = await start(t, { type: 'redis', client: nowhere, waitForBroker: true }, log)
  await app.ready()
  await app.close()
  t.notOk(log.lines.some(({ level }) => Number(level) >= 50))
})

t.test('with waitForBroker, what waiting does not mend fails the boot', async (t) => {
  const app = await start(t, { type: 'cluster', waitForBroker: true }, logLines(), {
    connectionStateRecovery: { maxDisconnectionDuration: 1_000 },
    pingInterval: 1_000,
    pingTimeout: 1_000,
  })
  await t.rejects(async () => void (await app.ready()), { code: 'FST_NSP_BROKER_UNREACHABLE' })
})

t.test('a node that can not connect later says so, and goes on alone', async (t) => {
  const log = logLines()
  const client = {
    on: () => {},
    release: () => {},
    removeAllListeners: () => {},
    query: async ({ text }: { text: string }) => ({
      rows: text.startsWith('SELECT 1 FROM') ? Array(5).fill({}) : [{}],
    }),
  }
  let tries = 0
  const pool = {
    on: () => {},
    off: () => {},
    connect: (taken: (error: Error | undefined, client?: object) => void) =>
      tries++ === 0 ? taken(new Error('down')) : taken(undefined, client),
    query: () => Promise.reject(Object.assign(new Error('permission denied'), { code: '42501' })),
  }
  const app = await start(t, { type: 'postgres', pool, waitForBroker: true }, log)
  await app.ready()
  const said = () => log.lines.find(({ msg }) => msg === 'this node is not connected to the others')
  while (!said()) await new Promise(setImmediate)
  t.match(said(), { broker: 'postgres', err: { code: 'FST_NSP_BROKER_UNREACHABLE', message: /permission denied/ } })
})

for (const family of ['redis', 'ioredis'] as const)
  t.test(
    `${family}: a Redis that is full fails the boot, and with waitForBroker is waited for`,
    { skip },
    async (t) => {
      const redis = await startTestRedis(t, ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'])
      const adapter = { type: 'redis', client: CLIENTS[family](redis) } as const
      const refused = await start(t, adapter)
      await t.rejects(async () => void (await refused.ready()), {
        code: 'FST_NSP_BROKER_UNREACHABLE',
        message: /^The broker of adapter.type redis refuses commands \(.+\): look at what it says/,
        cause: undefined,
      })
      await join(t, { ...adapter, waitForBroker: true }, adapter, () => redis.ask('CONFIG SET maxmemory 0'))
    },
  )

t.test('a PostgreSQL that is read-only for a moment is waited for', { skip: noPostgres }, async (t) => {
  const postgres = await startPostgres(t)
  const adapter = { type: 'postgres', url: postgres.url() } as const
  const first = await start(t, adapter)
  await first.ready()
  await first.close()
  const client = new pg.Client(postgres.url())
  await client.connect()
  t.teardown(() => client.end())
  const set = async (value: string) => {
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await client.query('SELECT pg_reload_conf()')
  }
  await client.query('SET default_transaction_read_only = off')
  await set('on')
  const refused = await start(t, adapter)
  await t.rejects(async () => void (await refused.ready()), {
    code: 'FST_NSP_BROKER_UNREACHABLE',
    message: /refuses commands \(cannot execute INSERT in a read-only transaction\)/,
  })
  await join(t, { ...adapter, waitForBroker: true }, adapter, () => set('off'))
})

/** Starts a node that waits, mends the broker, and starts another node: they hear each other, and have each other's sockets. */
async function join(t: Test, patient: AdapterOptions, adapter: AdapterOptions, mend: () => Promise<unknown>) {
  const log = logLines()
  const one = await start(t, patient, log, { connectionStateRecovery: {} })
  await one.ready()
  const near = await one.injectSocket('/chat')
  while (!log.lines.some(({ msg }) => msg === 'the broker can not be used yet')) await new Promise(setImmediate)
  await mend()
  const other = await start(t, adapter, logLines(), { connectionStateRecovery: {} })
  const far = await other.injectSocket('/chat')
  const counts = () => Promise.all([one, other].map(async (app) => (await app.io.of('/chat').fetchSockets()).length))
  while ((await counts()).some((count) => count !== 2)) await new Promise(setImmediate)
  one.namespaceOf('/chat').emit('said', 'hello')
  t.equal(await near.nextEvent('said'), 'hello')
  t.equal(await far.nextEvent('said'), 'hello')
}

t.test('the broker of each type is loaded, and fails the boot where it can not be reached', async (t) => {
  const pool = { connect: (taken: (error: Error) => void) => taken(new Error('down')), on: () => {}, off: () => {} }
  for (const adapter of [{ type: 'postgres', pool } as const, { type: 'cluster' } as const]) {
    const app = await start(t, { ...adapter, connectTimeoutMs: 1_000 })
    await t.rejects(async () => void (await app.ready()), { code: 'FST_NSP_BROKER_UNREACHABLE' }, adapter.type)
  }
})
