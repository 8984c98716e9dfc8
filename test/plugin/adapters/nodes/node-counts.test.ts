import t from 'tap'
import { ClusterMembers } from '../../../../plugin/adapters/nodes/membership.js'
import { NodeCounts } from '../../../../plugin/adapters/nodes/node-counts.js'
import { ServerLimit } from '../../../../plugin/shared/limits/server-limit.js'
import { until } from '../../harness.js'

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
    let hellos = 0
    const members = new ClusterMembers({ sayHello: () => hellos++, onLost: () => {}, now: () => performance.now() })
    members.hurry()
    members.open()
    const alive = setInterval(() => {}, 1_000)
    t.teardown(() => clearInterval(alive))
    const begun = performance.now()
    members.hurry()
    members.hurry()
    await until(() => hellos === 2)
    t.ok(performance.now() - begun > 90)
    members.hurry()
    members.close()
    members.hurry()
    await new Promise((resolve) => setTimeout(resolve, 150))
    t.equal(hellos, 2)
  },
)
