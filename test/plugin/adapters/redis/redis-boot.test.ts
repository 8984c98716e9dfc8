import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { createRedisBroker } from '../../../../plugin/adapters/redis/redis-broker.js'
import { hasRedis } from '../../../cluster/redis.js'
import { withholdTimers } from '../../withheld-timers.js'
import { CLIENTS, Heard, openBroker, settingsOf } from './broker-harness.js'
import { startProxy, startTestRedis } from './redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

for (const family of ['redis', 'ioredis'] as const) {
  const clientOf = CLIENTS[family]

  /** The message of a boot that fails. */
  async function failing(t: Test, client: object): Promise<string> {
    const broker = await createRedisBroker(settingsOf({ client, connectTimeoutMs: 1_000 }))
    try {
      await broker.open(new Heard())
      return 'opened'
    } catch (error) {
      t.match(error, { code: 'FST_NSP_BROKER_UNREACHABLE', cause: undefined })
      const { message } = error as Error
      t.notMatch(message, 'sesame')
      return message
    } finally {
      await broker.close()
    }
  }

  t.test(`${family}: what is down, silent or no Redis fails the boot`, { skip }, async (t) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    const babbling = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    babbling.listen(0, '127.0.0.1')
    await Promise.all([once(silent, 'listening'), once(babbling, 'listening')])
    t.teardown(() => {
      silent.close()
      babbling.close()
    })
    const portOf = (server: Server) => (server.address() as AddressInfo).port
    const begin = 'The broker of adapter.type redis can not be used'
    const end = 'start it, correct the address, or boot without it by adapter.waitForBroker'
    const down = await failing(t, clientOf({ path: '/nowhere/redis.sock' }))
    t.equal(down, `${begin} (connect ENOENT /nowhere/redis.sock): ${end}`)
    t.equal(await failing(t, clientOf({ port: portOf(silent) })), `${begin} (no answer within 1000 ms): ${end}`)
    t.match(await failing(t, clientOf({ port: portOf(babbling) })), /can not be used \(.*"H"/)
  })

  t.test(`${family}: a wrong password, user or database, and a replica, fail the boot`, { skip }, async (t) => {
    const { path } = await startTestRedis(t, [
      '--requirepass',
      'open',
      '--user',
      'no-info',
      'on',
      '>open',
      '~*',
      '&*',
      '+@all',
      '-info',
    ])
    t.match(
      await failing(t, clientOf({ path, password: 'sesame' })),
      /WRONGPASS invalid username-password pair.*: correct what it refuses: adapter\.waitForBroker does not wait for that$/,
    )
    t.match(await failing(t, clientOf({ path })), /NOAUTH/)
    const patient = settingsOf({ client: clientOf({ path, password: 'sesame' }), waitForBroker: true })
    await t.rejects((await createRedisBroker(patient)).open(new Heard()), { message: /WRONGPASS/ })
    t.match(await failing(t, clientOf({ path, password: 'open', database: 99 })), /DB index is out of range/)
    t.equal(await failing(t, clientOf({ path, username: 'no-info', password: 'open' })), 'opened')
    const replica = await startTestRedis(t, ['--replicaof', '127.0.0.1 1'])
    const message = await failing(t, clientOf(replica))
    t.match(message, /redis is a replica, which can not be written to: connect to its primary$/)
  })

  t.test(`${family}: close() ends at once, also while the broker is down or silent`, { skip }, async (t) => {
    // The farewell may take 150 ms.
    withholdTimers(t, 150)
    const redis = await startTestRedis(t)
    const proxy = await startProxy(t, redis.path)
    const stalled = await openBroker(t, { client: clientOf(proxy) })
    await stalled.broker.follow(0)
    proxy.stall()
    await stalled.broker.close()
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
