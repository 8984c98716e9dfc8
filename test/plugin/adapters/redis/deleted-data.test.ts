import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { createClusterNode } from '../../../../plugin/adapters/cluster-node.js'
import { emitFields, type LogItem } from '../../../../plugin/adapters/log/log-item.js'
import { createRedisBroker } from '../../../../plugin/adapters/redis/redis-broker.js'
import { hasRedis } from '../../../cluster/redis.js'
import { build, until } from '../../harness.js'
import { CLIENTS, settingsOf } from './broker-harness.js'
import { startProxy, startTestRedis } from './redis-server.js'

/*
 * A Redis whose data somebody deletes while all connections stand.
 */

t.setTimeout(120_000)

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

/** A node without a Socket.IO server, which reads `/chat`. */
async function startReader(t: Test, client: object) {
  const settings = settingsOf({ client })
  const node = createClusterNode({
    broker: await createRedisBroker(settings),
    id: settings.node,
    logs: 1,
    outboxBytes: 100_000,
    requestTimeoutMs: 1_000,
    ring: { windowMs: 60_000, limit: 0 },
    log: Fastify().log,
  })
  t.teardown(() => node.close())
  const events: string[] = []
  node.attach('/chat', {
    receive: (item: LogItem) => void events.push(JSON.parse((item as { text: string }).text.slice(1))[0]),
    answer: () => undefined,
    closeConnections: () => void events.push('closed'),
  })
  await node.open()
  await node.settled()
  const emit = (text: string) => node.post('/chat', emitFields([`2["${text}"]`], { rooms: new Set() }), true)
  return { node, events, emit }
}

/** Two nodes; the second one stands still while the first one emits, and `command` is run. */
async function startDeleted(t: Test, command: string) {
  const redis = await startTestRedis(t)
  const one = await startReader(t, CLIENTS.ioredis(redis))
  const proxy = await startProxy(t, redis.path)
  const two = await startReader(t, CLIENTS.ioredis(proxy))
  await until(() => one.node.alive.length === 1 && two.node.alive.length === 1)
  one.emit('first')
  await until(() => one.events.length === 1 && two.events.length === 1)
  const { epoch } = one.node
  proxy.stall()
  for (let count = 2; count < 7; count++) {
    one.emit(String(count))
    await until(() => one.events.length === count)
  }
  await redis.ask(command)
  proxy.unstall()
  return { redis, one, two, epoch }
}

t.test('what was emitted of late arrives, although nobody emits any more', { skip }, async (t) => {
  const { redis, one, two, epoch } = await startDeleted(t, 'FLUSHALL')
  await until(() => two.events.length === 6)
  t.strictSame(two.events, ['first', '2', '3', '4', '5', '6'])
  t.strictSame(one.events, two.events)
  await until(() => one.node.epoch === two.node.epoch)
  t.not(one.node.epoch, epoch)
  t.match(await redis.ask('EXISTS {test}:epoch'), /^:1/)
})

for (const command of ['DEL {test}:log:0', 'XTRIM {test}:log:0 MAXLEN 0'])
  t.test(`after ${command} clients are told of the gap, once, and the next emit arrives`, { skip }, async (t) => {
    const { one, two } = await startDeleted(t, command)
    await until(() => two.events.includes('closed'))
    one.emit('next')
    await until(() => two.events.includes('next'))
    // One that Redis had sent already may arrive.
    const events = two.events.filter((event) => event !== '2')
    t.strictSame(events, ['first', 'closed', 'next'])
    t.strictSame(one.events, ['first', '2', '3', '4', '5', '6', 'next'])
  })

t.test('the epoch and the sessions are written again', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const app = await build(t, {
    adapter: { type: 'redis', client: CLIENTS.ioredis(redis) },
    io: { connectionStateRecovery: {} },
    namespaces: { '/chat': {} },
  })
  await app.injectSocket('/chat')
  const has = async (keys: string) => (await redis.ask(`KEYS ${keys}`)).startsWith('*1')
  while (!(await has('*session*')));
  await redis.ask('FLUSHALL')
  t.notOk(await has('*session*'))
  while (!(await has('*:epoch')));
  while (!(await has('*session*')));
  t.ok(await has('*:epoch'))
})
