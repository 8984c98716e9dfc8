import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { ServerLimit } from '../shared/limits/server-limit.js'
import type { Broker, RetainedChange } from './broker.js'
import { FST_NSP_BROKER_UNREACHABLE } from './broker-errors.js'
import type { ClusterLog } from './log/cluster-log.js'
import { createKeptEmits, type KeptEmits } from './log/kept-emits.js'
import type { LogReceiver } from './log/log-item.js'
import { NodeLogs, type NodeLogsOptions } from './node-logs.js'
import { ClusterAnswers } from './nodes/cluster-answers.js'
import { ClusterRequests } from './nodes/cluster-requests.js'
import { LossReport } from './nodes/loss-report.js'
import { NodeEpoch } from './nodes/node-epoch.js'
import { createMembers } from './nodes/node-hellos.js'
import { NodeMessages } from './nodes/node-messages.js'
import { createReport, type NodeReport } from './nodes/node-report.js'
import { isPermanent } from './permanent-failure.js'
import { createRetainedReads, type RetainedReads } from './retained/retained-reads.js'

/*
 * A node of a cluster: what one Socket.IO server has in common with the others, over a broker of any kind. What is emitted to an
 * address goes to the log of the address, and to the sockets of this node when it is read back from there.
 */

export interface ClusterNodeOptions extends Pick<NodeLogsOptions, 'logs' | 'outboxBytes' | 'ring'> {
  readonly broker: Broker
  /** The node's id, new for each start. */
  readonly id: string
  readonly requestTimeoutMs: number
  readonly log: FastifyBaseLogger
  /** See BrokerSettings. @defaultValue false */
  readonly waitForBroker?: boolean
  /** See BrokerSettings. */
  readonly onWait?: () => void
  /** What the nodes have together, by what it limits. @defaultValue none */
  readonly limits?: Readonly<Record<string, ServerLimit>>
  /** Milliseconds. @defaultValue `performance.now` */
  readonly now?: () => number
}

export interface ClusterNode {
  readonly id: string
  readonly epoch: string
  /** The other nodes that are alive. */
  readonly alive: readonly string[]
  readonly isConnected: boolean
  /** How often it has connected to the broker. */
  readonly connections: number
  /** Whether the broker has everything that was emitted here. */
  readonly isIdle: boolean
  readonly requestTimeoutMs: number
  readonly messages: NodeMessages
  readonly requests: ClusterRequests
  readonly answers: ClusterAnswers
  /**
   * Connects to the broker. What is emitted before waits.
   *
   * @throws (rejects) what the broker's `open` rejects with; FST_NSP_BROKER_UNREACHABLE for a broker that can be reached, and refuses
   * commands, e.g. because it is full. With `waitForBroker` only if waiting does not mend it
   */
  open(): Promise<void>
  /** Resolves when the logs of all live addresses are followed. */
  settled(): Promise<void>
  logOf(address: string): ClusterLog
  /** Gives the items of an address to a receiver. Returns a function that ends it. */
  attach(address: string, receiver: LogReceiver): () => void
  /**
   * Tells all nodes an item, this one included; see log-item.ts. The address need not be live here.
   *
   * @param isKept - whether sockets that have missed it receive it later
   * @param retained - what it changes of the values that are retained
   * @throws FST_NSP_BROKER_BACKLOG if too much waits for the broker
   */
  post(address: string, fields: readonly unknown[], isKept: boolean, retained?: readonly RetainedChange[]): void
  readonly retained: RetainedReads
  /** Emits that are kept elsewhere until a log has them. */
  readonly kept: KeptEmits
  /** The number of the last own entry in the log of an address: see `ClusterLog.whenSeen`. */
  lastNumberOf(address: string): number
  /** Logs what another node has caused; each kind once a minute. */
  readonly report: NodeReport
  /** Ends within a second. What still waits is given to the broker, if it is there. */
  close(): Promise<void>
}

// With what sessions and the broker itself wait for, a second.
const FLUSH_MS = 300

/** Creates a node. It tells nothing, and is told nothing, before it is opened. */
export function createClusterNode(options: ClusterNodeOptions): ClusterNode {
  const { broker, id, requestTimeoutMs, log, now = () => performance.now() } = options
  const report = createReport(log, broker.kind, now)
  const losses = new LossReport({ log, broker: broker.kind, now })
  const messages: NodeMessages = new NodeMessages({ node: id, send: (to, body) => broker.send(to, body), report })
  const epoch = new NodeEpoch(broker, () => outbox.restore())
  const logs = new NodeLogs({ ...options, epoch, isAlive: (node) => members.isAlive(node), report, now })
  const members = createMembers({ ...options, messages, epoch, entries: logs, report, now })
  const { addresses, outbox }: Pick<NodeLogs, 'addresses' | 'outbox'> = logs
  const requests = new ClusterRequests({
    messages,
    isConnected: () => broker.isConnected,
    alive: () => members.alive,
    timeoutMs: requestTimeoutMs,
    answer: (address, ...question) => addresses.find(address)?.answer(...question),
    report,
  })

  let connections = 0

  /** Called when a broker that can be reached refuses the first command. */
  function isPatient(error: unknown): boolean {
    const remedy = 'look at what it says, or boot without it by adapter.waitForBroker'
    const unusable = new FST_NSP_BROKER_UNREACHABLE(
      broker.kind,
      `refuses commands (${(error as Error).message})`,
      remedy,
    )
    if (!options.waitForBroker || isPermanent(error)) throw unusable
    report(unusable, 'the broker can not be used yet')
    options.onWait?.()
    return true
  }

  return {
    id,
    requestTimeoutMs,
    messages,
    requests,
    answers: new ClusterAnswers(messages),
    report,
    get epoch() {
      return epoch.value
    },
    get alive() {
      return members.alive
    },
    get isConnected() {
      return broker.isConnected
    },
    get connections() {
      return connections
    },
    get isIdle() {
      return outbox.isEmpty
    },

    async open() {
      await broker.open({
        receiveEntry: (number, entry) => logs.receive(number, entry),
        receiveMessage: (body) => messages.receive(body),
        lost(error) {
          epoch.lose()
          outbox.lose()
          losses.lost(error)
        },
        connected() {
          connections++
          losses.connected()
        },
        resumed(number, continuity) {
          logs.resumed(number, continuity)
          members.check()
        },
      })
      await epoch.open(isPatient)
      logs.open()
      members.open()
    },

    settled: () => logs.settled(),
    logOf: (address) => logs.of(address),
    attach: (address, receiver) => logs.attach(address, receiver),
    post: (address, ...item) => outbox.add(addresses.logOf(address), address, ...item),
    retained: createRetainedReads({
      broker,
      numberOf: (address) => addresses.logOf(address),
      logOf: (address) => logs.of(address),
    }),
    kept: createKeptEmits({ ...options, logOf: (address) => addresses.logOf(address), epoch: () => epoch.value }),
    lastNumberOf: (address) => logs.lastNumberOf(address),

    async close() {
      outbox.flush()
      const until = now() + FLUSH_MS
      while (broker.isConnected && !outbox.isEmpty && now() < until) await setTimeout(10)
      if (broker.isConnected) messages.send(undefined, 'farewell', null)
      losses.close()
      members.close()
      requests.close()
      messages.close()
      logs.close()
      epoch.close()
      outbox.close()
      await broker.close()
    },
  }
}
