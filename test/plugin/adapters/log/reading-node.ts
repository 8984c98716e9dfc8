import Fastify from 'fastify'
import type { Test } from 'tap'
import type { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { createClusterNode } from '../../../../plugin/adapters/cluster-node.js'
import type { LogReceiver } from '../../../../plugin/adapters/log/log-item.js'
import { logLines } from '../../harness.js'

/** Starts a node without a Socket.IO server, which reads the one log for `/chat`; it is closed with its test. */
export async function startReadingNode(t: Test, connection: KeeperConnection, receiver: LogReceiver) {
  const { lines, logger } = logLines()
  const node = createClusterNode({
    broker: connection,
    id: connection.node,
    logs: 1,
    outboxBytes: 100_000,
    requestTimeoutMs: 1_000,
    ring: { windowMs: 60_000, limit: 0 },
    log: Fastify({ logger } as object).log,
  })
  t.teardown(() => node.close())
  const attach = () => node.attach('/chat', receiver)
  const detach = attach()
  await node.open()
  await node.settled()
  return { node, lines, attach, detach, log: node.logOf('/chat') }
}
