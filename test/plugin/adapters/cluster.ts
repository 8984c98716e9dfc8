import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { createBrokerAdapter } from '../../../plugin/adapters/broker-adapter.js'
import { KeeperConnection } from '../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../plugin/adapters/cluster/log-keeper.js'
import { type ClusterNode, type ClusterNodeOptions, createClusterNode } from '../../../plugin/adapters/cluster-node.js'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, until } from '../harness.js'

/** A node of a cluster in this process: an app, its node, and its connection to the broker. */
export interface TestNode {
  readonly app: FastifyInstance
  readonly node: ClusterNode
  readonly connection: KeeperConnection
  readonly lines: Record<string, unknown>[]
}

let names = 0

/** Starts a node over a keeper; it is closed with its test. */
export async function startNode(
  t: Test,
  keeper: LogKeeper,
  { io, ...options }: NamespacesOptions = {},
  more: Partial<ClusterNodeOptions> = {},
): Promise<TestNode> {
  const lines: Record<string, unknown>[] = []
  const logger: FastifyServerOptions['logger'] = {
    level: 'debug',
    stream: { write: (line: string) => void lines.push(JSON.parse(line)) },
  }
  const id = `node-${names++}`
  const connection = new KeeperConnection(keeper, id, 60_000)
  const node = createClusterNode({
    broker: connection,
    id,
    logs: 2,
    outboxBytes: 1_000_000,
    requestTimeoutMs: 1_000,
    log: Fastify({ logger }).log,
    ...more,
  })
  const adapter = createBrokerAdapter({ node, isText: io?.parser === undefined })
  const namespaces = { '/chat': {}, '/rooms/:id': {}, ...options.namespaces }
  const app = await build(t, { ...options, io: { ...io, adapter: adapter as never }, namespaces }, undefined, {
    logger,
  })
  t.teardown(() => node.close())
  await node.open()
  await app.ready()
  await node.settled()
  return { app, node, connection, lines }
}

/** Starts two nodes that know each other. */
export async function startTwo(t: Test, options: NamespacesOptions = {}, more: Partial<ClusterNodeOptions> = {}) {
  const keeper = new LogKeeper()
  const one = await startNode(t, keeper, options, more)
  const two = await startNode(t, keeper, options, more)
  await until(() => one.node.alive.length === 1 && two.node.alive.length === 1)
  return { keeper, one, two }
}

/** Joins in this process, and collects the events with their arguments. `ack` answers those that ask. */
export async function hear({ app }: Pick<TestNode, 'app'>, address = '/chat', ack?: unknown) {
  const socket = await app.injectSocket(address)
  const events: unknown[][] = []
  socket.onAny((...args) => {
    const answer = args.at(-1)
    if (typeof answer !== 'function') events.push(args)
    else {
      events.push(args.slice(0, -1))
      if (ack !== undefined) answer(ack)
    }
  })
  return { socket, events }
}
