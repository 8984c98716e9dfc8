import { readFile } from 'node:fs/promises'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import type { RetainedChange } from '../../../../plugin/adapters/broker.js'
import { emitFields } from '../../../../plugin/adapters/log/log-item.js'
import { hasRedis } from '../../../cluster/redis.js'
import { until } from '../../harness.js'
import { CLIENTS, openBroker } from '../redis/broker-harness.js'
import { startReader } from '../redis/log-reader.js'
import { startTestRedis, type TestRedis } from '../redis/redis-server.js'

/*
 * Where Redis has retained values, for how long, and what a Redis that is killed has of them.
 */

t.setTimeout(120_000)

type Reader = Awaited<ReturnType<typeof startReader>>

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

const changeOf = (set: string, key: string, value: string | undefined, most = 2): RetainedChange => ({
  set,
  key,
  value,
  most,
  ttlMs: 60_000,
})

async function ask(t: Test, { path }: TestRedis) {
  const client = createClient({ socket: { path, tls: false } })
  await client.connect()
  t.teardown(() => client.destroy())
  return client
}

t.test('an entry without changes is one XADD, and one with changes a script that is sent once', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const { broker, node } = await openBroker(t, { client: CLIENTS.ioredis(redis) })
  const client = await ask(t, redis)
  const calls = async (command: string) => {
    const info = await client.info('commandstats')
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  }
  const before = await calls('eval')
  await broker.append(0, { node, number: 1, body: '' })
  t.strictSame([await calls('xadd'), (await calls('eval')) - before, await calls('evalsha')], [1, 0, 0])
  for (const number of [2, 3, 4])
    await broker.append(0, { node, number, body: '', retained: [changeOf('s', 'k', '1')] })
  t.strictSame([await calls('xadd'), (await calls('eval')) - before, await calls('evalsha')], [4, 1, 2])
})

t.test('all keys begin with the prefix, and expire after the last change of the set', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const { broker, node } = await openBroker(t, { client: CLIENTS.redis(redis) })
  const retained = [changeOf('one', 'k', '1', 1), changeOf('many', 'a', '1'), changeOf('many', 'b', '2')]
  await broker.append(0, { node, number: 1, body: '', retained })
  const client = await ask(t, redis)
  const keys = (await client.keys('*retained*')).sort()
  t.strictSame(keys, [
    `{test}:retained-by:0:${node}`,
    '{test}:retained-order:many',
    '{test}:retained:many',
    '{test}:retained:one',
  ])
  for (const key of keys.slice(1)) {
    const ttl = await client.pTTL(key)
    t.ok(ttl > 50_000 && ttl <= 60_000, key)
    await client.pExpire(key, 1_000)
  }
  await broker.append(0, { node, number: 2, body: '', retained: [changeOf('many', 'a', undefined)] })
  t.ok((await client.pTTL('{test}:retained:many')) > 1_000, 'a removal is a change')
  t.ok((await client.pTTL('{test}:retained-order:many')) > 1_000)
  t.ok((await client.pTTL('{test}:retained:one')) <= 1_000)
  await broker.append(0, {
    node,
    number: 3,
    body: '',
    retained: ['b', 'k'].map((key) => changeOf('many', key, undefined)),
  })
  t.strictSame(await client.exists(['{test}:retained:many', '{test}:retained-order:many']), 0, 'an empty set is gone')
})

t.test('a Redis that has lost the script gets it again, and the entry is appended again', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const { broker, node, heard } = await openBroker(t, { client: CLIENTS.redis(redis) })
  const retained = [changeOf('s', 'k', '1')]
  await broker.append(0, { node, number: 1, body: '', retained })
  await redis.ask('SCRIPT FLUSH')
  await t.rejects(broker.append(0, { node, number: 2, body: '', retained: [changeOf('s', 'k', '2')] }), /NOSCRIPT/)
  await heard.until(() => heard.connections === 2)
  await broker.append(0, { node, number: 2, body: '', retained: [changeOf('s', 'k', '2')] })
  t.strictSame((await broker.readRetained(0, ['s'])).values, [{ set: 's', key: 'k', value: '2' }])
})

t.test('a Redis with an append-only file that is killed has them, in their order', { skip }, async (t) => {
  const redis = await startTestRedis(t, ['--appendonly', 'yes', '--appendfsync', 'everysec'])
  const { broker, node, heard } = await openBroker(t, { client: CLIENTS.ioredis(redis) })
  const keys = ['c', 'a', 'b']
  for (const [at, key] of keys.entries())
    await broker.append(0, { node, number: at + 1, body: '', retained: [changeOf('s', key, '1', 3)] })
  await redis.kill()
  await redis.start()
  await heard.until(() => heard.connections === 2)
  // Its answer was lost: the entry is appended again, and changes nothing.
  await broker.append(0, { node, number: 1, body: '', retained: [changeOf('s', 'c', '0', 3)] })
  const { values } = await broker.readRetained(0, ['s'])
  t.strictSame(
    values.map(({ key, value }) => key + value),
    ['c1', 'a1', 'b1'],
  )
})

t.test('a Redis that has dropped one of two keys is given the order again by the next change', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const { broker, node } = await openBroker(t, { client: CLIENTS.redis(redis) })
  const read = async () => (await broker.readRetained(0, ['s'])).values.map(({ key }) => key).sort()
  const append = (number: number, key: string) =>
    broker.append(0, { node, number, body: '', retained: [changeOf('s', key, '1')] })
  await append(1, 'a')
  await append(2, 'b')
  await redis.ask('DEL {test}:retained-order:s')
  t.strictSame(await read(), ['a', 'b'])
  await append(3, 'c')
  t.match(await read(), [/[ab]/, 'c'])
  await redis.ask('DEL {test}:retained:s')
  t.strictSame(await read(), [])
  await append(4, 'd')
  t.match(await read(), ['d'])
})

t.test('a user with the commands of docs/nodes.md, and no others, may do all of it', { skip }, async (t) => {
  const page = await readFile(new URL('../../../../docs/nodes.md', import.meta.url), 'utf8')
  const [acl = ''] = /^ACL SETUSER .*$/m.exec(page) ?? []
  const [, listed = ''] = /^With \[retained values\].*?it also needs (.*?)\.$/ms.exec(page) ?? []
  const commands = [...listed.matchAll(/`(\w+)`/g)].map(([, command]) => `+${String(command).toLowerCase()}`)
  t.equal(commands.length, 12)
  const redis = await startTestRedis(t)
  await redis.ask(`${acl.replaceAll('{fastify-namespaces}', '{test}')} ${commands.join(' ')}`)
  const client = CLIENTS.redis({ path: redis.path, username: 'app', password: 'password' })
  const { broker, node } = await openBroker(t, { client })
  const changes = ['a', 'b', 'c'].map((key) => changeOf('many', key, '1'))
  for (const [at, change] of [...changes, changeOf('many', 'c', undefined), changeOf('one', 'k', '1', 1)].entries())
    await broker.append(0, { node, number: at + 1, body: '', retained: [change] })
  const keys = (await broker.readRetained(0, ['many', 'one'])).values.map(({ key }) => key)
  t.strictSame(keys, ['b', 'k'])
})

t.test('after FLUSHALL, the nodes append again what they have retained of late', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const events: string[] = []
  const readers = [CLIENTS.redis(redis), CLIENTS.ioredis(redis)].map((client) =>
    startReader(t, client, { receive: (text) => void events.push(text) }),
  )
  const [{ node }, { node: other }] = (await Promise.all(readers)) as [Reader, Reader]
  const emit = (from: typeof node, key: string, value: string) =>
    from.post('/chat', emitFields([`2["${value}"]`], { rooms: new Set() }), true, [changeOf('s', key, value)])
  emit(node, 'a', '1')
  emit(other, 'b', '2')
  await until(() => events.length === 4 && node.isIdle && other.isIdle)
  await redis.ask('FLUSHALL')
  const { epoch } = node
  await until(() => node.epoch !== epoch && other.epoch === node.epoch && node.isIdle && other.isIdle)
  const read = async () => (await other.retained.read('/chat', ['s'])).values.map(({ key }) => key).sort()
  while ((await read()).length < 2) await new Promise(setImmediate)
  t.strictSame(await read(), ['a', 'b'])
  t.equal(events.length, 4, 'and nothing is delivered twice')
})
