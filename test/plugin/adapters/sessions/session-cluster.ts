import Fastify, { type FastifyInstance } from 'fastify'
import type { Socket as ServerSocket } from 'socket.io'
import type { Socket } from 'socket.io-client'
import type { Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import type { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { type ClusterNode, createClusterNode } from '../../../../plugin/adapters/cluster-node.js'
import { NodeSessions } from '../../../../plugin/adapters/sessions/node-sessions.js'
import { createSessionAdapter } from '../../../../plugin/adapters/sessions/session-adapter.js'
import { findRequest } from '../../../../plugin/engine/http/connect-request.js'
import { gateOf } from '../../../../plugin/events/gate/socket-gate.js'
import type { NamespacesOptions } from '../../../../plugin/index.js'
import { createSessionOwner } from '../../../../plugin/joining/sessions/session-owner.js'
import { build, join, listen, logLines, next } from '../../harness.js'
import { createStallingProxy, type StallingProxy } from '../../stalling-proxy.js'

/** A node of a cluster with recovery, behind a proxy. */
export interface SessionNode {
  readonly app: FastifyInstance
  readonly node: ClusterNode
  readonly connection: KeeperConnection
  readonly sessions: NodeSessions
  readonly proxy: StallingProxy
  readonly lines: Record<string, unknown>[]
  /** Ends everything that others hear of it, as `kill -9` does. */
  kill(): void
}

let names = 0

export interface SessionNodeOptions extends NamespacesOptions {
  readonly waitMs?: number
  readonly pingMs?: number
  readonly ringLimit?: number
  readonly now?: () => number
}

export async function startSessionNode(
  t: Test,
  keeper: LogKeeper,
  { io, waitMs = 60_000, pingMs = 45_000, ringLimit = 0, now, ...options }: SessionNodeOptions = {},
): Promise<SessionNode> {
  const { lines, logger } = logLines()
  const id = `session-node-${names++}`
  const connection = new KeeperConnection(keeper, id, waitMs * 2)
  const node = createClusterNode({
    broker: connection,
    id,
    logs: 2,
    outboxBytes: 1_000_000,
    requestTimeoutMs: 300,
    ring: { windowMs: waitMs * 2, limit: ringLimit },
    log: Fastify({ logger } as object).log,
    ...(now && { now }),
  })
  const ownerOf = createSessionOwner({ ownerOf: ({ query }) => (query as { user?: string }).user })
  const sessions = new NodeSessions({ node, broker: connection, waitMs, pingMs, ...(now && { now }) })
  const adapter = createSessionAdapter({
    node,
    sessions,
    isText: io?.parser === undefined,
    isJoined: (socket) => socket.recovered || gateOf(socket)?.isOpen === true,
    ownerOf: (socket) => ownerOf(socket.conn, findRequest(socket)),
  })
  const app = await build(
    t,
    {
      ...options,
      userIdOf: ({ query }) => Object(query).user,
      io: { connectionStateRecovery: {}, ...io, adapter: adapter as never },
    },
    undefined,
    { logger } as object,
  )
  t.teardown(async () => {
    await sessions.close()
    await node.close()
  })
  await node.open()
  sessions.open()
  const proxy = await createStallingProxy(t, await listen(app))
  await node.settled()
  const kill = () => {
    connection.cut()
    void sessions.close()
    proxy.lose()
  }
  return { app, node, connection, sessions, proxy, lines, kill }
}

/** Joins by a node's proxy, and collects the events, without their offsets. The client comes back by itself. */
export async function hear(t: Test, { proxy }: SessionNode, name = '/chat', options: Parameters<typeof join>[3] = {}) {
  const socket = join(t, proxy.url, name, {
    transports: ['websocket'],
    reconnection: true,
    reconnectionDelay: 5,
    reconnectionDelayMax: 20,
    ...options,
  })
  const events: unknown[] = []
  const ids: unknown[] = []
  socket.onAny((_event, ...args) => events.push(args[0]))
  socket.on('connect', () => ids.push(socket.id))
  await next(socket, 'connect')
  return { socket, events, ids }
}

/** From now on a client connects to another node. */
export function move(socket: Socket, { proxy }: SessionNode): void {
  Object.assign(socket.io, { uri: proxy.url })
}

export function socketsOf({ app }: SessionNode, name = '/chat'): ServerSocket[] {
  return [...app.io.of(name).sockets.values()]
}
