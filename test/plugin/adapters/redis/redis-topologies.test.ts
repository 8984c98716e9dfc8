import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import { createCluster, createSentinel } from 'redis'
import t, { type Test } from 'tap'
import { adapterRule } from '../../../../plugin/definition/adapters/adapter-options.js'
import { hasRedis } from '../../../cluster/redis.js'
import { openBroker } from './broker-harness.js'
import { startTestRedis } from './redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'
const host = '127.0.0.1'

/** A Redis Cluster of one node, which listens at a port of its own. */
async function startCluster(t: Test) {
  const port = await freePort()
  const redis = await startTestRedis(t, [
    '--port',
    String(port),
    '--bind',
    host,
    '--cluster-enabled',
    'yes',
    '--cluster-announce-ip',
    host,
  ])
  await redis.ask('CLUSTER ADDSLOTSRANGE 0 16383')
  while (!(await redis.ask('CLUSTER INFO')).includes('cluster_state:ok')) await new Promise(setImmediate)
  return { redis, port }
}

async function startSentinel(t: Test) {
  const [port, sentinelPort] = [await freePort(), await freePort()]
  const redis = await startTestRedis(t, ['--port', String(port), '--bind', host])
  const file = join(redis.folder, 'sentinel.conf')
  await writeFile(file, `port ${sentinelPort}\nbind ${host}\nsentinel monitor primary ${host} ${port} 1\n`)
  await startTestRedis(t, ['--port', String(sentinelPort)], [file, '--sentinel'])
  return { redis, port: sentinelPort }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const CASES: Readonly<Record<string, [start: typeof startCluster, client: (port: number) => object]>> = {
  'a Cluster, by redis': [startCluster, (port) => createCluster({ rootNodes: [{ socket: { host, port } }] })],
  'a Cluster, by ioredis': [startCluster, (port) => new Cluster([{ host, port }], { lazyConnect: true })],
  'a Sentinel, by redis': [
    startSentinel,
    (port) => createSentinel({ name: 'primary', sentinelRootNodes: [{ host, port }] }),
  ],
  'a Sentinel, by ioredis': [
    startSentinel,
    (port) => new Redis({ name: 'primary', sentinels: [{ host, port }], lazyConnect: true }),
  ],
}

for (const [name, [start, clientOf]] of Object.entries(CASES)) {
  if (!('duplicate' in clientOf(1))) {
    t.test(`${name} of version 5: is refused at boot, because it has no duplicate()`, async (t) => {
      t.throws(() => adapterRule.read({ type: 'redis', client: clientOf(1) }, 'adapter'), {
        code: 'FST_NSP_OPTIONS_INVALID',
        message: 'Option adapter.client must be a client of redis or ioredis, with duplicate(): got object',
      })
    })
    continue
  }
  t.test(`${name}: everything works, and goes on after a restart`, { skip }, async (t) => {
    const { redis, port } = await start(t)
    const one = await openBroker(t, { client: clientOf(port) })
    const other = await openBroker(t, { client: clientOf(port) })
    const epoch = await one.broker.epoch()
    t.equal(await other.broker.renewEpoch('unknown'), epoch)
    await one.broker.follow(0)
    await one.broker.follow(1)
    await other.append(0, 'a')
    await other.append(1, 'b')
    other.broker.send(one.node, 'hello')
    await one.heard.until(() => one.heard.entries.length === 2 && one.heard.messages.length === 1)
    await one.broker.putSession('s', 'text', 60_000, '')
    t.equal(await other.broker.takeSession('s'), 'text')
    const retained = [{ set: 's', key: 'k', value: '1', most: 2, ttlMs: 60_000 }]
    for (const number of [1, 2]) await one.broker.append(2, { node: one.node, number, body: '', retained })
    t.match((await other.broker.readRetained(2, ['s'])).values, [{ value: '1' }])
    await redis.save()
    await redis.kill()
    await one.heard.until(() => one.heard.losses.length === 1)
    await redis.start()
    await one.heard.until(() => one.heard.resumptions.length === 2)
    await other.heard.until(() => other.broker.isConnected)
    await other.append(0, 'c')
    await one.heard.until(() => one.heard.entries.length === 3)
    t.strictSame(
      one.heard.entries.map(([, { body }]) => body),
      ['a', 'b', 'c'],
    )
  })
}
