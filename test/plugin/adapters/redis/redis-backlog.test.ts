import t from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { startSlowProxy } from '../slow-proxy.js'
import { CLIENTS, openBroker } from './broker-harness.js'
import { startTestRedis } from './redis-server.js'

/*
 * What waits in the logs for a node whose way to Redis is slow, or breaks off again and again.
 */

t.setTimeout(120_000)

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

t.test('more than what passes within four seconds arrives, in parts', { skip }, async (t) => {
  const { path } = await startTestRedis(t)
  const proxy = await startSlowProxy(t, path)
  const far = await openBroker(t, { client: CLIENTS.redis(proxy) })
  const near = await openBroker(t, { client: CLIENTS.redis({ path }) })
  await far.broker.epoch()
  await far.broker.follow(0)
  proxy.block()
  const bodies = Array.from({ length: 100 }, (_, index) => `${index} `.padEnd(20_000, 'x'))
  await near.append(0, ...bodies)
  // 25 entries take more than six seconds, and six of them one and a half.
  proxy.bytesPerTick = 800
  proxy.unblock()
  await far.heard.until(() => far.heard.entries.length >= 6)
  t.equal(far.heard.losses.length, 2, 'that of the cut, and that of a page that was too long')
  proxy.bytesPerTick = Number.POSITIVE_INFINITY
  await far.heard.until(() => far.heard.entries.length === 100)
  t.strictSame(far.heard.bodies(0), bodies)
})

t.test(
  'where one entry of one log passes and no two, all logs go on, and recovering nodes read',
  { skip },
  async (t) => {
    const { path } = await startTestRedis(t)
    const proxy = await startSlowProxy(t, path)
    const far = await openBroker(t, { client: CLIENTS.redis(proxy) })
    const near = await openBroker(t, { client: CLIENTS.redis({ path }) })
    await far.broker.epoch()
    const logs = [1, 2, 3]
    const ends = await Promise.all(logs.map((log) => far.broker.follow(log)))
    proxy.block()
    proxy.bytesPerConnection = 45_000
    const bodies = ['a', 'b'].map((name) => name.padEnd(30_000, 'x'))
    for (const log of logs) await near.append(log, ...bodies)
    proxy.unblock()
    await far.heard.until(() => far.heard.entries.length === 6)
    for (const log of logs) t.strictSame(far.heard.bodies(log), bodies)
    t.ok(
      logs.every((log) => far.heard.entries.slice(0, 3).some(([number]) => number === log)),
      'one after the other',
    )
    let read: number | undefined
    while (read === undefined) {
      await far.heard.until(() => far.broker.isConnected)
      read = await far.broker.read(1, String(ends[0]), 100).then(
        ({ entries }) => entries.length,
        () => undefined,
      )
    }
    t.equal(read, 1)
  },
)

t.test('a node that appends more than what passes within four seconds does not lose Redis', { skip }, async (t) => {
  const { path } = await startTestRedis(t)
  const proxy = await startSlowProxy(t, path)
  const { heard, append } = await openBroker(t, { client: CLIENTS.redis(proxy) })
  proxy.bytesPerTick = 2_000
  await append(0, ...Array.from({ length: 7 }, () => 'x'.repeat(200_000)))
  t.strictSame(heard.losses, [])
})
