import t, { type Test } from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { until } from '../../harness.js'
import { CLIENTS, openBroker } from './broker-harness.js'
import { startReader } from './log-reader.js'
import { startProxy, startTestRedis } from './redis-server.js'

async function startTextReader(t: Test, client: object) {
  const texts: string[] = []
  return { ...(await startReader(t, client, { receive: (text) => void texts.push(text) })), texts }
}

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

for (const family of ['redis', 'ioredis'] as const) {
  const clientOf = CLIENTS[family]

  t.test(`${family}: after a cut connection everything arrives, in order`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const proxy = await startProxy(t, path)
    const far = await openBroker(t, { client: clientOf(proxy) })
    const near = await openBroker(t, { client: clientOf({ path }) })
    await far.broker.epoch()
    await far.broker.follow(3)
    await far.append(3, 'a')
    await far.heard.until(() => far.heard.bodies(3).length === 1)
    proxy.cut()
    await near.append(3, 'b', 'c')
    await far.heard.until(() => far.heard.bodies(3).length === 3)
    t.strictSame(far.heard.bodies(3), ['a', 'b', 'c'])
    t.strictSame(far.heard.resumptions, [[3, 'continuous']])
    t.equal(far.heard.losses.length, 1)
    t.equal(far.heard.connections, 2, 'once at first, and once again')
    t.strictSame(far.warnings, [])
  })

  t.test(`${family}: a connection that stalls is noticed, and what waits for it rejects`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    const { path } = redis
    const proxy = await startProxy(t, path)
    const far = await openBroker(t, { client: clientOf(proxy) })
    await far.broker.epoch()
    await far.broker.follow(0)
    // Its heart has beaten.
    while (!(await redis.ask('INFO commandstats')).includes('cmdstat_publish'));
    proxy.stall()
    const early = far.broker.follow(4)
    await t.rejects(far.append(0, 'lost'))
    await far.heard.until(() => far.heard.losses.length === 1)
    t.notOk(far.broker.isConnected)
    await t.rejects(far.append(0, 'lost'), { message: 'Redis is not connected' })
    far.broker.send(undefined, 'lost')
    const followed = far.broker.follow(1)
    const unfollowed = far.broker.follow(2)
    far.broker.unfollow(2)
    proxy.unstall()
    await Promise.all([early, followed])
    await unfollowed
    await far.append(1, 'a')
    await far.append(2, 'unheard')
    await far.append(0, 'b')
    await far.heard.until(() => far.heard.bodies(0).includes('b') && far.heard.bodies(1).length === 1)
    t.strictSame(far.heard.resumptions, [[0, 'continuous']])
    // The first one may have arrived after all: nobody knows.
    t.strictSame(
      far.heard.bodies(0).filter((body) => body !== 'lost'),
      ['b'],
    )
    t.strictSame(far.heard.bodies(2), [])
  })

  t.test(`${family}: a Redis that was killed and has its data goes on`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    const client = clientOf(redis)
    const node = await openBroker(t, { client })
    await node.broker.epoch()
    await node.broker.follow(0)
    await node.append(0, 'a')
    await node.heard.until(() => node.heard.entries.length === 1)
    await redis.save()
    await redis.kill()
    await node.heard.until(() => node.heard.losses.length === 1)
    await redis.start()
    await node.heard.until(() => node.heard.resumptions.length === 1)
    t.strictSame(node.heard.resumptions, [[0, 'continuous']])
    await node.append(0, 'b')
    await node.heard.until(() => node.heard.entries.length === 2)
  })

  t.test(`${family}: a Redis without its last data, or without all, has rolled back`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    const node = await openBroker(t, { client: clientOf(redis) })
    const epoch = await node.broker.epoch()
    await node.broker.follow(0)
    await node.append(0, 'saved')
    await redis.save()
    await node.append(0, 'lost')
    await node.heard.until(() => node.heard.entries.length === 2)
    await redis.kill()
    await redis.start()
    await node.heard.until(() => node.heard.resumptions.length === 1)
    t.strictSame(node.heard.resumptions, [[0, 'rolled back']])
    t.equal(await node.broker.epoch(), epoch, 'Redis does not know')
    t.not(await node.broker.renewEpoch(epoch), epoch)
    await node.append(0, 'again')
    await node.heard.until(() => node.heard.entries.length === 3)

    await redis.forget()
    await redis.kill()
    await redis.start()
    await node.heard.until(() => node.heard.resumptions.length === 2)
    t.strictSame(node.heard.resumptions[1], [0, 'rolled back'])
    const renewed = await node.broker.renewEpoch(epoch)
    t.match(renewed, /^[\da-f-]{36}$/, 'there was none')
    t.equal(await node.broker.renewEpoch(epoch), renewed)
    t.equal(await node.broker.epoch(), renewed)
    await node.append(0, 'new')
    await node.heard.until(() => node.heard.entries.length === 4)
    t.strictSame(node.heard.bodies(0), ['saved', 'lost', 'again', 'new'])
  })

  t.test(
    `${family}: what is emitted while Redis is away arrives, each time that it comes back empty`,
    { skip },
    async (t) => {
      const redis = await startTestRedis(t)
      const nodes = [await startTextReader(t, clientOf(redis)), await startTextReader(t, clientOf(redis))]
      const all: string[] = []
      const epochs = new Set<string>()
      for (const round of [0, 1, 2]) {
        await redis.kill()
        await until(() => nodes.every(({ node }) => !node.isConnected))
        for (const [index, { emit }] of nodes.entries()) {
          all.push(`2["${round} of ${index}"]`)
          emit(String(all.at(-1)))
        }
        await redis.start()
        await until(() => nodes.every(({ texts }) => texts.length >= all.length))
        for (const { texts } of nodes) t.strictSame([...texts].sort(), all)
        await until(() => nodes.every(({ node }) => node.epoch === nodes[0]?.node.epoch && node.isIdle))
        epochs.add(String(nodes[0]?.node.epoch))
      }
      t.equal(epochs.size, 3)
    },
  )

  t.test(`${family}: a log that has lost its oldest entries meanwhile was trimmed`, { skip }, async (t) => {
    const { path } = await startTestRedis(t, ['--stream-node-max-entries', '1'])
    const proxy = await startProxy(t, path)
    const far = await openBroker(t, { client: clientOf(proxy), windowMs: 1 })
    const near = await openBroker(t, { client: clientOf({ path }), windowMs: 1 })
    await far.broker.epoch()
    await far.broker.follow(0)
    await far.append(0, 'a')
    await far.heard.until(() => far.heard.entries.length === 1)
    const end = String(far.heard.entries[0]?.[1].position)
    proxy.block()
    await far.heard.until(() => far.heard.losses.length === 1)
    await near.append(0, 'b', 'c')
    // An append trims what is older than a millisecond by the clock of Redis.
    while (!(await near.broker.read(0, end, 10)).hasGap) await near.append(0, 'd')
    proxy.unblock()
    await far.heard.until(() => far.heard.resumptions.length === 1)
    t.strictSame(far.heard.resumptions, [[0, 'trimmed']])
    t.notOk((await near.broker.read(0, '0', 10)).hasGap)
  })
}
