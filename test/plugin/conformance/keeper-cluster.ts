import Fastify from 'fastify'
import { createBrokerAdapter } from '../../../plugin/adapters/broker-adapter.js'
import { KeeperConnection } from '../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../plugin/adapters/cluster/log-keeper.js'
import { createClusterNode } from '../../../plugin/adapters/cluster-node.js'
import { type ConformanceNode, type ConformanceSetup, startLocalNode } from '../../../plugin/conformance.js'
import namespaces from '../../../plugin/index.js'
import { MODE } from '../harness.js'

/*
 * Nodes of one process over a log keeper, whose connections are cut and whose logs are rolled back.
 */

const LOGS = 2

/** How the suite starts such nodes, and what it may do to the keeper. */
export function createKeeperSetup(): Required<Pick<ConformanceSetup, 'startNode' | 'broker'>> {
  const keeper = new LogKeeper()
  const connections = new Map<ConformanceNode, KeeperConnection>()
  const all = (act: (connection: KeeperConnection) => void) => async () => {
    for (const connection of connections.values()) act(connection)
  }
  let names = 0
  let strangers = 0
  return {
    async startNode(settings) {
      const id = `node-${names++}`
      const connection = new KeeperConnection(keeper, id, 60_000)
      const node = createClusterNode({
        broker: connection,
        id,
        logs: LOGS,
        outboxBytes: 10_000_000,
        requestTimeoutMs: 1_000,
        log: Fastify().log,
      })
      const adapter = createBrokerAdapter({ node, isText: true })
      const local = await startLocalNode(async ({ io: { connectionStateRecovery, ...io } = {}, ...options }) => {
        const app = Fastify()
        await app.register(namespaces, { ...MODE, ...options, io: { ...io, adapter: adapter as never } })
        return app
      }, settings)
      await node.open()
      await node.settled()
      const whole: ConformanceNode = {
        ...local,
        async close() {
          connections.delete(whole)
          await local.close()
          await node.close()
        },
      }
      connections.set(whole, connection)
      return whole
    },
    broker: {
      stop: all((connection) => connection.cut()),
      start: all((connection) => connection.restore()),
      async reset() {
        await all((connection) => connection.cut())()
        for (let log = 0; log < LOGS; log++) keeper.logOf(log).rollBack()
        await all((connection) => connection.restore())()
      },
      isolate: async (node) => connections.get(node)?.cut(),
      rejoin: async (node) => connections.get(node)?.restore(),
      async sendForeign() {
        for (const body of ['', '{', '[]', '{}', 'null', '[["/rooms/1"],[1]]', '[[],[[]]]', '7'])
          for (let log = 0; log < LOGS; log++)
            keeper.append(log, { node: 'stranger', number: ++strangers, body }, 60_000)
      },
    },
  }
}
