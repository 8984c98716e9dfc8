import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Namespace } from 'socket.io'
import type { NormalAdapterOptions } from '../definition/adapters/adapter-options.js'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'
import { createServerLimits, type ServerLimits } from '../shared/limits/server-limit.js'
import { logError } from '../shared/log/error-log.js'
import { OWN_LEASES, type PlaceLeases } from '../shared/place-leases.js'
import type { RetainedStore } from '../shared/retained-emits.js'
import type { Broker, BrokerSettings } from './broker.js'
import { createBrokerAdapter } from './broker-adapter.js'
import { type ClusterNode, createClusterNode } from './cluster-node.js'
import { NodeLeases } from './nodes/node-leases.js'
import { createRetainedStore } from './retained/retained-change.js'
import { NodeSessions } from './sessions/node-sessions.js'
import { createSessionAdapter, type SessionAdapterOptions } from './sessions/session-adapter.js'
import { LEASE_MS } from './sessions/session-writer.js'

/*
 * Makes what the option `adapter` asks for: a broker, a node on top of it, and the adapter of each namespace. Only the kind of broker
 * that is used is loaded.
 */

/** What connects a Socket.IO server to others: nothing, without the option. */
export interface ClusterConnection {
  /** For the options of Socket.IO. */
  readonly io: { readonly adapter?: (namespace: Namespace) => Namespace['adapter'] }
  readonly node: ClusterNode | undefined
  /** What this server may have at a time, by what the other nodes have, too. */
  readonly limits: ServerLimits
  /** What the nodes retain together; undefined: each for itself. */
  readonly retained: RetainedStore | undefined
  /** Which node does what one of them has to do. */
  readonly leases: PlaceLeases
  /**
   * Connects. Resolves when the logs of all live namespaces are followed; with `waitForBroker`
   * as soon as it has failed once.
   *
   * @throws (rejects) FST_NSP_BROKER_UNREACHABLE; with `waitForBroker` only if waiting does not mend it
   */
  open(): Promise<void>
  /** Ends within a second, also without the broker. What the node has emitted goes out before, if the broker is there. */
  close(): Promise<void>
}

const ALONE = {
  io: {},
  node: undefined,
  retained: undefined,
  leases: OWN_LEASES,
  open: async () => {},
  close: async () => {},
}

// The defaults of Socket.IO and engine.io.
const DEFAULT_WAIT_MS = 120_000
const DEFAULT_PING_INTERVAL_MS = 25_000
const DEFAULT_PING_TIMEOUT_MS = 20_000

/** What recovery has to know of a socket. */
export type RecoveryOf = Pick<SessionAdapterOptions, 'isJoined' | 'ownerOf'>

/**
 * Creates the connection of a Socket.IO server with these options. Nothing connects yet.
 *
 * @throws FST_NSP_BROKER_MISSING if the client of the broker is not installed
 */
export async function createAdapter(
  { adapter, io, limits }: NormalOptions,
  recoveryOf: RecoveryOf,
  log: FastifyBaseLogger,
): Promise<ClusterConnection> {
  const serverLimits = createServerLimits(limits)
  if (!adapter) return { ...ALONE, limits: serverLimits }
  const { logs, outboxBytes, requestTimeoutMs, waitForBroker } = adapter
  const id = randomUUID()
  const { pingInterval = DEFAULT_PING_INTERVAL_MS, pingTimeout = DEFAULT_PING_TIMEOUT_MS } = io
  const { connectionStateRecovery: recovery } = io
  const waitMs = recovery?.maxDisconnectionDuration ?? DEFAULT_WAIT_MS
  // A session may also be as old as its lease.
  const pingMs = pingInterval + pingTimeout
  const windowMs = waitMs + pingMs + LEASE_MS
  let isWaiting = false
  let endBoot!: () => void
  const waits = new Promise<void>((resolve) => {
    endBoot = resolve
  })
  const onWait = () => {
    isWaiting = true
    endBoot()
  }
  const broker = await createBroker(adapter, {
    node: id,
    prefix: adapter.prefix,
    windowMs,
    connectTimeoutMs: adapter.connectTimeoutMs,
    waitForBroker,
    onWait,
    warn: (message, error) => log.warn({ broker: adapter.type, err: error }, message),
  })
  const ring = recovery && { windowMs, limit: limits.recoveryBytes }
  const node = createClusterNode({
    broker,
    id,
    logs,
    outboxBytes,
    requestTimeoutMs,
    ring,
    log,
    waitForBroker,
    onWait,
    limits: serverLimits,
  })
  const sessions = recovery && new NodeSessions({ node, broker, waitMs, pingMs })
  const own = { node, isText: io.parser === undefined }
  let isClosing = false

  async function open(): Promise<void> {
    await node.open()
    sessions?.open()
    await node.settled()
  }

  return {
    io: { adapter: sessions ? createSessionAdapter({ ...own, ...recoveryOf, sessions }) : createBrokerAdapter(own) },
    node,
    limits: serverLimits,
    retained: createRetainedStore(node.retained),
    leases: new NodeLeases({
      messages: node.messages,
      broker,
      connections: () => node.connections,
      now: () => performance.now(),
    }),
    async open() {
      const opened = open()
      opened.catch((error: unknown) => {
        if (isWaiting && !isClosing) {
          logError(log, error, { broker: adapter.type }, 'this node is not connected to the others')
        }
      })
      await Promise.race([opened, waits])
    },
    async close() {
      isClosing = true
      await sessions?.close()
      await node.close()
    },
  }
}

async function createBroker(adapter: NormalAdapterOptions, settings: BrokerSettings): Promise<Broker> {
  switch (adapter.type) {
    case 'redis': {
      const { createRedisBroker } = await import('./redis/redis-broker.js')
      return createRedisBroker({ ...settings, url: adapter.url, client: adapter.client })
    }
    case 'postgres': {
      const { createPostgresBroker } = await import('./postgres/postgres-broker.js')
      return createPostgresBroker({ ...settings, url: adapter.url, pool: adapter.pool })
    }
    case 'cluster': {
      const { createClusterBroker } = await import('./cluster/cluster-broker.js')
      return createClusterBroker(settings)
    }
  }
}
