import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { createRedisBroker } from '../../../../plugin/adapters/redis/redis-broker.js'
import { hasRedis } from '../../../cluster/redis.js'
import { CLIENTS, Heard, openBroker, settingsOf } from './broker-harness.js'
import { startProxy, startTestRedis } from './redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

for (const family of ['redis', 'ioredis'] as const) {
  const clientOf = CLIENTS[family]

  t.test(`${family}: all nodes read a log in one order, their own entries included`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const client = clientOf({ path })
    const [one, other] = [await openBroker(t, { client }), await openBroker(t, { client })]
    t.equal(one.broker.kind, 'redis')
    t.ok(one.broker.isConnected)
    await one.append(0, 'before')
    const [end] = await Promise.all([one.broker.follow(0), other.broker.follow(0)])
    await Promise.all([one.append(0, 'a', 'b', 'c'), other.append(0, 'x', 'y', 'z'), one.append(1, 'not followed')])
    await one.heard.until(() => one.heard.entries.length === 6)
    await other.heard.until(() => other.heard.entries.length === 6)
    t.strictSame(one.heard.entries, other.heard.entries)
    t.strictSame(
      one.heard.bodies(0).filter((body) => body < 'd'),
      ['a', 'b', 'c'],
    )
    t.strictSame(
      one.heard.entries.map(([, { node, number }]) => `${node} ${number}`).filter((each) => each.startsWith(one.node)),
      [`${one.node} 2`, `${one.node} 3`, `${one.node} 4`],
    )
    const part = await other.broker.read(0, end, 4)
    t.strictSame(
      part.entries,
      one.heard.entries.slice(0, 4).map(([, entry]) => entry),
    )
    t.notOk(part.hasGap)
    t.equal((await other.broker.read(0, '0', 100)).entries.length, 7, 'from the start of the window')

    // A log that is followed later is read at once, and one that is not followed any more is not.
    await one.broker.follow(1)
    one.broker.unfollow(0)
    await other.append(0, 'unheard')
    await other.append(1, 'heard')
    await one.heard.until(() => one.heard.bodies(1).length > 0)
    t.strictSame(one.heard.bodies(1), ['heard'])
    t.equal(one.heard.bodies(0).length, 6)
  })

  t.test(`${family}: messages reach one node or all`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const [one, other] = [
      await openBroker(t, { client: clientOf({ path }) }),
      await openBroker(t, { client: clientOf({ path }) }),
    ]
    one.broker.send(other.node, 'to one')
    one.broker.send(undefined, 'to all')
    await other.heard.until(() => other.heard.messages.length === 2)
    await one.heard.until(() => one.heard.messages.length === 1)
    t.strictSame(other.heard.messages, ['to one', 'to all'])
    t.strictSame(one.heard.messages, ['to all'])
  })

  t.test(`${family}: a session is taken by one node`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const client = clientOf({ path })
    const [{ broker: one }, { broker: other }] = [await openBroker(t, { client }), await openBroker(t, { client })]
    await one.putSession('a', 'first', 60_000)
    await one.putSession('a', 'text', 60_000)
    const taken = await Promise.all([one.takeSession('a'), other.takeSession('a')])
    t.strictSame(
      taken.filter((text) => text !== undefined),
      ['text'],
    )
    await one.putSession('short', 'text', 60_000)
    await one.putSession('kept', 'text', 60_000)
    await one.putSession('dropped', 'text', 60_000)
    await one.dropSession('dropped')
    await one.keepSessions(['short'], 1)
    await one.keepSessions(['kept', 'unknown'], 60_000)
    t.equal(await other.takeSession('dropped'), undefined)
    t.equal(await other.takeSession('kept'), 'text')
    while ((await other.takeSession('short')) !== undefined) await one.putSession('short', 'text', 1)
  })

  t.test(`${family}: the epoch is renewed once`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const client = clientOf({ path })
    const [{ broker: one }, { broker: other }] = [await openBroker(t, { client }), await openBroker(t, { client })]
    const epoch = await one.epoch()
    t.equal(await other.epoch(), epoch)
    const renewed = await Promise.all([one.renewEpoch(epoch), other.renewEpoch(epoch)])
    t.equal(renewed[0], renewed[1])
    t.not(renewed[0], epoch)
  })

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
    t.strictSame(far.warnings, ['the connection to Redis is back'])
  })

  t.test(`${family}: a connection that stalls is noticed, and what waits for it rejects`, { skip }, async (t) => {
    const { path } = await startTestRedis(t)
    const proxy = await startProxy(t, path)
    const far = await openBroker(t, { client: clientOf(proxy) })
    await far.broker.epoch()
    await far.broker.follow(0)
    proxy.stall()
    await t.rejects(far.append(0, 'lost'))
    await far.heard.until(() => far.heard.losses.length === 1)
    t.notOk(far.broker.isConnected)
    await t.rejects(far.append(0, 'lost'), { message: 'Redis is not connected' })
    far.broker.send(undefined, 'lost')
    const followed = far.broker.follow(1)
    const unfollowed = far.broker.follow(2)
    far.broker.unfollow(2)
    proxy.unstall()
    await followed
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
    await node.append(0, 'new')
    await node.heard.until(() => node.heard.entries.length === 4)
    t.strictSame(node.heard.bodies(0), ['saved', 'lost', 'again', 'new'])
  })

  t.test(`${family}: a log that has lost its oldest entries meanwhile was trimmed`, { skip }, async (t) => {
    const { path } = await startTestRedis(t, ['--stream-node-max-entries', '1'])
    const proxy = await startProxy(t, path)
    const far = await openBroker(t, { client: clientOf(proxy), windowMs: 1 })
    const near = await openBroker(t, { client: clientOf({ path }), windowMs: 1 })
    await far.broker.epoch()
    const end = await far.broker.follow(0)
    await far.append(0, 'a')
    await far.heard.until(() => far.heard.entries.length === 1)
    proxy.block()
    await far.heard.until(() => far.heard.losses.length === 1)
    await near.append(0, 'b', 'c')
    await near.append(0, 'd')
    proxy.unblock()
    await far.heard.until(() => far.heard.resumptions.length === 1)
    t.strictSame(far.heard.resumptions, [[0, 'trimmed']])
    t.ok((await near.broker.read(0, end, 10)).hasGap)
    t.notOk((await near.broker.read(0, '0', 10)).hasGap)
  })

  t.test(
    `${family}: a broker that is down, silent, refusing or a replica fails the boot, without the password`,
    { skip },
    async (t) => {
      const redis = await startTestRedis(t, ['--requirepass', 'sesame'])
      const proxy = await startProxy(t, redis.path)
      const silent = createServer(() => {}).listen(0, '127.0.0.1')
      const babbling = createServer((socket) =>
        socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      ).listen(0, '127.0.0.1')
      const closed = createServer().listen(0, '127.0.0.1')
      await Promise.all([once(silent, 'listening'), once(babbling, 'listening'), once(closed, 'listening')])
      const portOf = (server: typeof silent) => (server.address() as { port: number }).port
      const closedPort = portOf(closed)
      closed.close()
      t.teardown(() => {
        silent.close()
        babbling.close()
      })
      const open = async (options: object) => {
        const client = family === 'redis' ? clientOf(options as never) : clientOf(options as never)
        const broker = await createRedisBroker(settingsOf({ client, connectTimeoutMs: 1_000 }))
        try {
          await broker.open(new Heard())
          return ''
        } catch (error) {
          t.match(error, { code: 'FST_NSP_BROKER_UNREACHABLE', cause: undefined })
          return (error as Error).message
        } finally {
          await broker.close()
        }
      }
      const begin = /^The broker of adapter\.type redis can not be used \(/
      for (const message of [
        await open({ port: closedPort }),
        await open({ port: portOf(silent) }),
        await open({ port: portOf(babbling) }),
        await open({ port: proxy.port }),
      ]) {
        t.match(message, begin)
        t.comment(message)
      }
    },
  )

  t.test(`${family}: close() ends at once, also while the broker is down or silent`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    const proxy = await startProxy(t, redis.path)
    const stalled = await openBroker(t, { client: clientOf(proxy) })
    await stalled.broker.follow(0)
    proxy.stall()
    const began = performance.now()
    await stalled.broker.close()
    t.ok(performance.now() - began < 1_000)
    await t.rejects(stalled.broker.epoch())
    const down = await openBroker(t, { client: clientOf(redis) })
    await redis.kill()
    await down.heard.until(() => down.heard.losses.length === 1)
    const waits = t.rejects(down.broker.follow(0), { message: 'The broker was closed' })
    await down.broker.close()
    await waits
    const patient = await createRedisBroker(settingsOf({ client: clientOf(redis), waitForBroker: true }))
    const opening = t.rejects(patient.open(new Heard()))
    await patient.close()
    await opening
  })

  t.test(`${family}: waitForBroker waits, and says so once`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    await redis.kill()
    const warnings: string[] = []
    const broker = await createRedisBroker(settingsOf({ client: clientOf(redis), waitForBroker: true }, warnings))
    t.teardown(() => broker.close())
    const opened = broker.open(new Heard())
    while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await redis.start()
    await opened
    t.equal(warnings.length, 1)
    t.match(warnings[0], /^Redis can not be reached yet: /)
    t.ok(await broker.epoch())
  })
}
