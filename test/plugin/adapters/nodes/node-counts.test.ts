import { mock } from 'node:test'
import t from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { ClusterMembers } from '../../../../plugin/adapters/nodes/membership.js'
import { NodeCounts } from '../../../../plugin/adapters/nodes/node-counts.js'
import { ServerLimit } from '../../../../plugin/shared/limits/server-limit.js'
import { until } from '../../harness.js'
import { withholdTimers } from '../../withheld-timers.js'
import { startNode } from '../cluster.js'

/*
 * What nodes have together: how the others' counts add up, and when this node tells its own.
 */

t.test('the counts of the others add up, and go with their nodes', async (t) => {
  const limit = new ServerLimit(0, 10)
  const counts = new NodeCounts({ connections: limit })
  limit.count(() => 2)
  t.strictSame(counts.own, { connections: 2 })
  counts.hear('one', { connections: 3 })
  counts.hear('two', { connections: 4 })
  t.ok(limit.hasRoom())
  counts.hear('two', { connections: 5 })
  t.notOk(limit.hasRoom())
  counts.lose('one')
  counts.lose('a stranger')
  t.ok(limit.hasRoom())
})

t.test('what a node tells that is no count is 0', async (t) => {
  const limit = new ServerLimit(0, 1)
  const counts = new NodeCounts({ connections: limit })
  for (const told of [undefined, null, 7, {}, ...['9', -9, 0.5, 1e300, [9]].map((connections) => ({ connections }))]) {
    counts.hear('odd', told)
    t.ok(limit.hasRoom(), JSON.stringify(told))
  }
})

t.test(
  'a node that is in a hurry says hello once, within a tenth of a second, and never once it is closed',
  async (t) => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    t.teardown(() => mock.timers.reset())
    let hellos = 0
    const members = new ClusterMembers({ sayHello: () => hellos++, onLost: () => {}, now: () => 0 })
    members.hurry()
    members.open()
    members.hurry()
    members.hurry()
    mock.timers.tick(99)
    t.equal(hellos, 1)
    mock.timers.tick(1)
    t.equal(hellos, 2)
    members.hurry()
    members.close()
    members.hurry()
    mock.timers.tick(10_000)
    t.equal(hellos, 2)
  },
)

t.test('a node says what it has before the next hello is due, if the others need it', async (t) => {
  // Hellos that are not early come every two seconds.
  withholdTimers(t, 1_000)
  const keeper = new LogKeeper()
  const other = new KeeperConnection(keeper, 'other', 60_000)
  t.teardown(() => other.close())
  const heard: unknown[] = []
  await other.open({
    receiveEntry() {},
    receiveMessage: (body) => void heard.push(JSON.parse(body)[3]?.has?.connections),
    connected() {},
    lost() {},
    resumed() {},
  })
  const limit = new ServerLimit(0, 10)
  let own = 0
  limit.count(() => own)
  const { node } = await startNode(t, keeper, {}, { limits: { connections: limit } })
  other.send(undefined, JSON.stringify(['other', 'hello', await other.epoch()]))
  await until(() => node.alive.length === 1)
  for (own = 0; limit.hasRoom(); ) {
    own++
    if ([5, 8, 9, 10].includes(own)) await until(() => heard.includes(own))
  }
  t.equal(own, 10)
})
