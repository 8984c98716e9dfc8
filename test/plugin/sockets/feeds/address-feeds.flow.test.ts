import { mock } from 'node:test'
import t from 'tap'
import { defineNamespace, type FeedContext } from '../../../../plugin/index.js'
import { hasRedis } from '../../../cluster/redis.js'
import { CLIENTS } from '../../adapters/redis/broker-harness.js'
import { startTestRedis } from '../../adapters/redis/redis-server.js'
import { createCluster } from '../../cluster-harness.js'
import { build, logLines, until } from '../../harness.js'

/*
 * onFirst and onLast of the addresses of a server.
 */

/** A definition whose addresses say what their feeds do. */
function createStocks(onLastGraceMs = 0) {
  const events: string[] = []
  const contexts: FeedContext<{ 'price:new': { type: 'number' } }, { params: unknown }>[] = []
  const definition = defineNamespace({
    schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } },
    emits: { 'price:new': { payload: { type: 'number' } } },
    onLastGraceMs,
    onFirst(context) {
      contexts.push(context as never)
      events.push(`first ${context.namespace.name}`)
    },
    onLast({ namespace, signal }) {
      events.push(`last ${namespace.name}${signal.aborted ? '' : ', without an abort'}`)
    },
  })
  return { definition, events, contexts }
}

t.test('the feed of an address starts with its first client, and stops with its last one', async (t) => {
  const { definition, events, contexts } = createStocks()
  const app = await build(t, { namespaces: { '/stocks/:id': definition } })
  t.strictSame(events, [])
  const first = await app.injectSocket('/stocks/7')
  const second = await app.injectSocket('/stocks/7')
  await until(() => events.length > 0)
  const other = await app.injectSocket('/stocks/8')
  await until(() => events.length > 1)
  t.strictSame(events, ['first /stocks/7', 'first /stocks/8'])
  const [{ namespace, params, signal }] = contexts as [(typeof contexts)[0]]
  t.strictSame(params, { id: 7 }, 'as its schema has read them')
  t.equal(namespace, app.io.of('/stocks/7'))
  t.equal(signal.aborted, false)
  namespace.emit('price:new', 12)
  t.equal(await second.nextEvent('price:new'), 12)
  t.throws(() => namespace.emit('price:new', 'much' as never), { code: 'FST_NSP_EMIT_INVALID' })
  first.disconnect()
  await until(() => namespace.sockets.size === 1)
  t.equal(signal.aborted, false)
  second.disconnect()
  await until(() => events.length > 2)
  t.strictSame(events.slice(2), ['last /stocks/7'])
  t.equal(signal.aborted, true)
  await until(() => !app.io._nsps.has('/stocks/7'))
  await app.injectSocket('/stocks/7')
  await until(() => events.length > 3)
  t.strictSame(events.slice(3), ['first /stocks/7'], 'it begins again, in a new namespace')
  other.disconnect()
})

t.test('onFirst has `this` and a logger, and a static name has a feed, too', async (t) => {
  const { lines, logger } = logLines()
  let self: unknown
  let last: unknown
  const app = await build(
    t,
    {
      namespaces: {
        '/clock': {
          onLastGraceMs: 0,
          onFirst({ log, params }) {
            self = this
            log.info({ params }, 'the clock runs')
          },
        },
        '/silent': {
          onLastGraceMs: 0,
          onLast({ namespace }) {
            last = namespace.name
          },
        },
      },
    },
    undefined,
    { logger },
  )
  const clock = await app.injectSocket('/clock')
  await until(() => self !== undefined)
  t.equal(Object.getPrototypeOf(self), Object.getPrototypeOf(app))
  t.match(
    lines.filter(({ msg }) => msg === 'the clock runs'),
    [{ namespace: '/clock', params: {} }],
  )
  clock.disconnect()
  const silent = await app.injectSocket('/silent')
  silent.disconnect()
  await until(() => last !== undefined)
  t.equal(last, '/silent')
})

t.test('a client that is back within the grace finds the feed, and the namespace, as they were', async (t) => {
  const { definition, events } = createStocks(60_000)
  const app = await build(t, { namespaces: { '/stocks/:id': definition } })
  const first = await app.injectSocket('/stocks/7')
  await until(() => events.length > 0)
  const { sockets } = app.io.of('/stocks/7')
  first.disconnect()
  await until(() => sockets.size === 0)
  await new Promise(setImmediate)
  await app.injectSocket('/stocks/7')
  t.equal(app.io.of('/stocks/7').sockets, sockets)
  t.strictSame(events, ['first /stocks/7'])
  await app.close()
  t.strictSame(events, ['first /stocks/7', 'last /stocks/7'], 'a closing server does not wait for anybody')
})

t.test('the default namespace has a feed, too', async (t) => {
  const { definition, events } = createStocks()
  const app = await build(t, { namespaces: { '/': definition } })
  const socket = await app.injectSocket('/')
  await until(() => events.length > 0)
  socket.disconnect()
  await until(() => events.length > 1)
  t.strictSame(events, ['first /', 'last /'])
})

t.test('app.close() waits for onFirst and onLast', async (t) => {
  const events: string[] = []
  const app = await build(t, {
    namespaces: {
      '/clock': {
        async onFirst({ signal }) {
          events.push('first')
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          await new Promise(setImmediate)
          events.push('first ended')
        },
        async onLast() {
          await new Promise(setImmediate)
          events.push('last ended')
        },
      },
    },
  })
  await app.injectSocket('/clock')
  await until(() => events.length > 0)
  await app.close()
  t.strictSame(events, ['first', 'first ended', 'last ended'])
})

t.test('a client stays when onFirst fails, and onFirst is tried again', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      namespaces: {
        '/clock': {
          onFirst: () => {
            throw new Error('no time')
          },
          events: { hi: { handler: () => 'hello' } },
        },
      },
    },
    undefined,
    { logger },
  )
  const clock = await app.injectSocket('/clock')
  const failures = () => lines.filter(({ msg }) => msg === 'onFirst failed')
  await until(() => failures().length > 0)
  t.match(failures(), [{ level: 50, namespace: '/clock', retryMs: 1_000, err: { message: 'no time' } }])
  t.strictSame(await clock.emitWithAck('hi'), { ok: true, data: 'hello' })
  await until(() => {
    mock.timers.tick(2_000)
    return failures().length > 1
  })
  t.match(failures(), [{ retryMs: 1_000 }, { retryMs: 2_000 }])
})

t.test('a client that onConnect has disconnected leaves no feed behind', async (t) => {
  const { events, definition } = createStocks()
  const app = await build(t, {
    namespaces: { '/stocks/:id': { ...definition, onConnect: ({ socket }) => void socket.disconnect() } },
  })
  const socket = await app.injectSocket('/stocks/7')
  if (socket.connected) await new Promise((resolve) => socket.once('disconnect', resolve))
  await until(() => !app.io._nsps.has('/stocks/7'))
  t.equal(events.length % 2, 0, 'what has begun has ended')
})

const skip = (await hasRedis()) ? false : 'redis-server is not installed'
t.test('with a broker one node has the feed, and another one has it as soon as that closes', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const start = async () => {
    const { definition, events } = createStocks()
    const client = CLIENTS.redis(redis)
    const app = await build(t, { adapter: { type: 'redis', client }, namespaces: { '/stocks/:id': definition } })
    await app.injectSocket('/stocks/7')
    return { app, events }
  }
  const one = await start()
  await until(() => one.events.length > 0)
  const two = await start()
  const three = await start()
  await one.app.close()
  await until(() => two.events.length + three.events.length > 0)
  t.strictSame(one.events, ['first /stocks/7', 'last /stocks/7'])
  t.strictSame([...two.events, ...three.events], ['first /stocks/7'])
})

t.test('with an adapter of Socket.IO each node has a feed of its own, and says at boot that it does', async (t) => {
  const adapter = createCluster()
  for (const _ of [1, 2]) {
    const { lines, logger } = logLines()
    const { definition, events } = createStocks()
    const app = await build(t, { io: { adapter }, namespaces: { '/stocks/:id': definition } }, undefined, { logger })
    await app.injectSocket('/stocks/7')
    await until(() => events.length > 0)
    const [said] = lines.filter(({ cannot }) => cannot !== undefined) as [{ cannot: string[] }]
    t.ok(said.cannot.includes('run a feed (onFirst, onLast) on one node only'))
  }
})
