import t, { type Test } from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { build, until } from '../../harness.js'
import { CLIENTS } from './broker-harness.js'
import { startReader } from './log-reader.js'
import { startProxy, startTestRedis } from './redis-server.js'

/*
 * A Redis whose data somebody deletes while all connections stand.
 */

t.setTimeout(120_000)

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

/** The names of the events that a node reads, and `closed` for a loss that is told. `emit` takes a name. */
async function startEventReader(t: Test, client: object) {
  const events: string[] = []
  const { node, emit } = await startReader(t, client, {
    ring: { windowMs: 60_000, limit: 0 },
    receive: (text) => void events.push(JSON.parse(text.slice(1))[0]),
    closeConnections: () => void events.push('closed'),
  })
  return { node, events, emit: (name: string) => emit(`2["${name}"]`) }
}

/** Two nodes; the second one stands still while the first one emits, and `command` is run. */
async function startDeleted(t: Test, command: string) {
  const redis = await startTestRedis(t)
  const one = await startEventReader(t, CLIENTS.ioredis(redis))
  const proxy = await startProxy(t, redis.path)
  const two = await startEventReader(t, CLIENTS.ioredis(proxy))
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
