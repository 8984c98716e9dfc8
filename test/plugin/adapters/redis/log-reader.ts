import Fastify from 'fastify'
import type { Test } from 'tap'
import { type ClusterNodeOptions, createClusterNode } from '../../../../plugin/adapters/cluster-node.js'
import { emitFields, type LogItem } from '../../../../plugin/adapters/log/log-item.js'
import { createRedisBroker } from '../../../../plugin/adapters/redis/redis-broker.js'
import { settingsOf } from './broker-harness.js'

export interface ReaderOptions extends Pick<ClusterNodeOptions, 'ring'> {
  /** Called with the packet of each emit. */
  receive(text: string): void
  /** Called when its clients would lose their connections. */
  closeConnections?(): void
}

/** A node without a Socket.IO server, which reads `/chat`. `emit` takes a packet. */
export async function startReader(
  t: Test,
  client: object,
  { receive, closeConnections = () => {}, ...more }: ReaderOptions,
) {
  const settings = settingsOf({ client })
  const node = createClusterNode({
    broker: await createRedisBroker(settings),
    id: settings.node,
    logs: 1,
    outboxBytes: 100_000,
    requestTimeoutMs: 1_000,
    log: Fastify().log,
    ...more,
  })
  t.teardown(() => node.close())
  node.attach('/chat', {
    receive: (item: LogItem) => receive((item as { text: string }).text),
    answer: () => undefined,
    closeConnections,
  })
  await node.open()
  await node.settled()
  return { node, emit: (text: string) => node.post('/chat', emitFields([text], { rooms: new Set() }), true) }
}
