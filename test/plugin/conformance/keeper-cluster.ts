import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import { KeeperConnection } from '../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../plugin/adapters/cluster/log-keeper.js'
import { createClusterNode } from '../../../plugin/adapters/cluster-node.js'
import { NodeSessions } from '../../../plugin/adapters/sessions/node-sessions.js'
import { createSessionAdapter } from '../../../plugin/adapters/sessions/session-adapter.js'
import { type ConformanceNode, type ConformanceSetup, startLocalNode } from '../../../plugin/conformance.js'
import { findRequest } from '../../../plugin/engine/http/connect-request.js'
import { gateOf } from '../../../plugin/events/gate/socket-gate.js'
import namespaces from '../../../plugin/index.js'
import { createSessionOwner } from '../../../plugin/joining/sessions/session-owner.js'
import { MODE } from '../harness.js'

/*
 * Nodes of one process over a log keeper, whose connections are cut and whose logs are rolled back. For the others, a node whose
 * connection is cut is one that is killed, stopped or blocked.
 */

const LOGS = 2
const WAIT_MS = 60_000
/** A blocked node is waited for by this part of the time that it would be blocked. */
const BLOCKED_PART = 4

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
      const connection = new KeeperConnection(keeper, id, 2 * WAIT_MS)
      const node = createClusterNode({
        broker: connection,
        id,
        logs: LOGS,
        outboxBytes: 10_000_000,
        requestTimeoutMs: 1_000,
        ring: { windowMs: 2 * WAIT_MS, limit: 0 },
        log: Fastify().log,
      })
      const sessions = new NodeSessions({ node, broker: connection, pingMs: 45_000, waitMs: WAIT_MS })
      const ownerOf = createSessionOwner({ ownerOf: ({ query }) => (query as { user?: string }).user })
      const adapter = createSessionAdapter({
        node,
        sessions,
        isText: true,
        isJoined: (socket) => socket.recovered || gateOf(socket)?.isOpen === true,
        ownerOf: (socket) => ownerOf(socket.conn, findRequest(socket)),
      })
      const local = await startLocalNode(async ({ io, ...options }) => {
        const app = Fastify()
        await app.register(namespaces, { ...MODE, ...options, io: { ...io, adapter: adapter as never } })
        return app
      }, settings)
      await node.open()
      sessions.open()
      await node.settled()
      const whole: ConformanceNode = {
        ...local,
        async call(command, ...args) {
          if (command !== 'block') return local.call(command, ...args)
          connection.cut()
          await setTimeout(Number(args[0]) / BLOCKED_PART)
          return connection.restore()
        },
        signal: (signal) => (signal === 'SIGCONT' ? connection.restore() : connection.cut()),
        async close() {
          connections.delete(whole)
          await local.close()
          await sessions.close()
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
