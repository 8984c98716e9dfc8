import t, { type Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import type { AdapterOptions } from '../../../../plugin/index.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { hasRedis } from '../../../cluster/redis.js'
import { build, logLines, until } from '../../harness.js'
import { startNode, type TestNode } from '../cluster.js'
import { CLIENTS } from '../redis/broker-harness.js'
import { startTestRedis } from '../redis/redis-server.js'

/*
 * What nodes say of themselves: that their options differ where they must not.
 */

t.setTimeout(120_000)

const isDifference = ({ err }: Record<string, unknown>) => Object(err).code === 'FST_NSP_LOGS_DIFFER'
const differencesOf = ({ lines }: Pick<TestNode, 'lines'>) => lines.filter(isDifference)

t.test('nodes with different logs say so, both, and once a minute at most', async (t) => {
  const keeper = new LogKeeper()
  const one = await startNode(t, keeper, {}, { logs: 2 })
  const two = await startNode(t, keeper, {}, { logs: 3 })
  const three = await startNode(t, keeper, {}, { logs: 3 })
  await until(() => [one, two, three].every(({ node }) => node.alive.length === 2))
  await until(() => [one, two, three].every((each) => differencesOf(each).length === 1))
  t.match(differencesOf(one), [{ level: 50, msg: 'the nodes of this cluster do not hear each other everywhere' }])
  t.match(differencesOf(three), [
    {
      broker: 'memory',
      err: {
        message: `Node ${one.node.id} has 2 as adapter.logs, and this node 3: emits to some addresses do not arrive. Stop all nodes, then start them with one value`,
      },
    },
  ])
})

t.test('a node that does not say its logs is accepted, and so are nodes that have the same', async (t) => {
  const keeper = new LogKeeper()
  const node = await startNode(t, keeper)
  const same = await startNode(t, keeper)
  const others = ['old', 'null', 'odd'].map((id) => new KeeperConnection(keeper, id, 60_000))
  for (const [at, more] of [[], [null], [{ logs: 'many' }]].entries()) {
    const other = others[at] as KeeperConnection
    await other.open({ receiveEntry() {}, receiveMessage() {}, lost() {}, connected() {}, resumed() {} })
    t.teardown(() => other.close())
    other.send(undefined, JSON.stringify([other.node, 'hello', await other.epoch(), ...more]))
  }
  await until(() => [node, same].every((each) => each.node.alive.length === 4))
  t.strictSame([...differencesOf(node), ...differencesOf(same)], [])
})

/** Starts two servers with different logs, and waits until both have said so. */
async function differ(t: Test, adapter: () => AdapterOptions) {
  const [one, two] = await Promise.all(
    [2, 8].map(async (logs) => {
      const { lines, logger } = logLines()
      const app = await build(t, { adapter: { ...adapter(), logs } }, undefined, { logger })
      await app.ready()
      return lines
    }),
  )
  await until(() => one?.some(isDifference) === true && two?.some(isDifference) === true)
}

t.test('over Redis', { skip: !(await hasRedis()) && 'redis-server is not installed' }, async (t) => {
  const redis = await startTestRedis(t)
  await differ(t, () => ({ type: 'redis', client: CLIENTS.ioredis(redis) }))
})

t.test('over PostgreSQL', { skip: !(await hasPostgres()) && 'PostgreSQL is not installed' }, async (t) => {
  const postgres = await startPostgres(t)
  await differ(t, () => ({ type: 'postgres', url: postgres.url() }))
})
