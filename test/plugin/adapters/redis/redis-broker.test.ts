import { Redis } from 'ioredis'
import t from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { until } from '../../harness.js'
import { CLIENTS, openBroker } from './broker-harness.js'
import { startTestRedis } from './redis-server.js'

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

  t.test(`${family}: an entry that no node has written is dropped, and told`, { skip }, async (t) => {
    const redis = await startTestRedis(t)
    const node = await openBroker(t, { client: clientOf(redis) })
    const end = await node.broker.follow(0)
    await redis.ask('XADD {test}:log:0 * foreign entry')
    await node.append(0, 'a')
    await node.heard.until(() => node.heard.entries.length === 1)
    t.strictSame(node.warnings, ['an entry of Redis was dropped: no node has written it'])
    t.strictSame((await node.broker.read(0, end, 1)).entries, [node.heard.entries[0]?.[1]], 'it does not count')
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
    await one.putSession('a', 'first', 60_000, '')
    await one.putSession('a', 'text', 60_000, '')
    t.equal(await other.readSession('a'), 'text')
    const taken = await Promise.all([one.takeSession('a'), other.takeSession('a')])
    t.strictSame(
      taken.filter((text) => text !== undefined),
      ['text'],
    )
    t.equal(await one.putSession('held', 'two: a', 60_000, 'two'), true, 'there is none')
    t.equal(await other.putSession('held', 'two: b', 60_000, 'two'), true)
    t.equal(await one.putSession('held', 'one: c', 60_000, 'one'), false, 'another node has it')
    t.equal(await one.takeSession('held'), 'two: b')
    await one.putSession('short', 'text', 60_000, '')
    await one.putSession('kept', 'text', 60_000, '')
    await one.putSession('dropped', 'text', 60_000, '')
    await one.dropSession('dropped')
    await one.keepSessions(['short'], 1)
    t.strictSame(await one.keepSessions(['kept', 'unknown'], 60_000), ['unknown'])
    t.equal(await other.readSession('dropped'), undefined)
    t.equal(await other.takeSession('dropped'), undefined)
    t.equal(await other.takeSession('kept'), 'text')
    while ((await other.takeSession('short')) !== undefined) await one.putSession('short', 'text', 1, '')
  })

  t.test(
    `${family}: the epoch is read in one step, between whose parts nothing can be flushed`,
    { skip },
    async (t) => {
      const redis = await startTestRedis(t)
      const { broker } = await openBroker(t, { client: clientOf(redis) })
      const monitor = await new Redis({ path: redis.path, lazyConnect: true }).monitor()
      t.teardown(() => monitor.disconnect())
      const commands: string[][] = []
      monitor.on('monitor', (_time: string, command: string[], source: string) => {
        if (source !== 'lua' && command.includes('{test}:epoch')) commands.push(command)
      })
      const epoch = await broker.epoch()
      t.match(epoch, /./)
      await redis.ask('FLUSHALL')
      const other = await broker.epoch()
      t.notMatch([epoch, 'null'], [other], 'a Redis that was emptied has another')
      await until(() => commands.length >= 2)
      t.strictSame(
        commands.map(([name]) => name?.toUpperCase()),
        ['EVAL', 'EVAL'],
      )
    },
  )

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
}
