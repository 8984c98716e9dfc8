import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Broker } from './broker.js'
import { ClusterLog } from './log/cluster-log.js'
import type { LogReceiver } from './log/log-item.js'
import { LogRing } from './log/log-ring.js'
import { LogSegments } from './log/log-segments.js'
import { Outbox } from './log/outbox.js'
import { ClusterAnswers } from './nodes/cluster-answers.js'
import { ClusterRequests } from './nodes/cluster-requests.js'
import { LiveAddresses } from './nodes/live-addresses.js'
import { ClusterMembers } from './nodes/membership.js'
import { NodeEpoch } from './nodes/node-epoch.js'
import { NodeMessages } from './nodes/node-messages.js'
import { createReport, type NodeReport } from './nodes/node-report.js'

/*
 * A node of a cluster: what one Socket.IO server has in common with the others, over a broker of any kind. Each address belongs to
 * one log; what is emitted to an address goes to the log, and to the sockets of this node when it is read back from there.
 */

export interface ClusterNodeOptions {
  readonly broker: Broker
  /** The node's id, new for each start. */
  readonly id: string
  /** The same on every node. */
  readonly logs: number
  /** Bytes that may wait for the broker. */
  readonly outboxBytes: number
  readonly requestTimeoutMs: number
  readonly log: FastifyBaseLogger
  /** What is kept for clients that come back; undefined without recovery. `limit`: characters of all logs, 0 turns it off. */
  readonly ring?: { readonly windowMs: number; readonly limit: number } | undefined
  /** Milliseconds. @defaultValue `performance.now` */
  readonly now?: () => number
}

export interface ClusterNode {
  readonly id: string
  readonly epoch: string
  /** The other nodes that are alive. */
  readonly alive: readonly string[]
  readonly isConnected: boolean
  /** Whether the broker has everything that was emitted here. */
  readonly isIdle: boolean
  readonly requestTimeoutMs: number
  readonly messages: NodeMessages
  readonly requests: ClusterRequests
  readonly answers: ClusterAnswers
  /**
   * Connects to the broker. What is emitted before waits.
   *
   * @throws (rejects) what the broker's `open` rejects with
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
   * @throws FST_NSP_BROKER_BACKLOG if too much waits for the broker
   */
  post(address: string, fields: readonly unknown[], isKept: boolean): void
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
  const { broker, id, requestTimeoutMs, ring, log, now = () => performance.now() } = options
  const report = createReport(log, broker.kind, now)
  const addresses = new LiveAddresses(options.logs)

  const messages: NodeMessages = new NodeMessages({ node: id, send: (to, body) => broker.send(to, body), report })
  const epoch = new NodeEpoch(broker, () => outbox.restore())
  const outbox: Outbox = new Outbox({ ...options, node: id, epoch: () => epoch.value, limit: options.outboxBytes })
  const members = new ClusterMembers({
    sayHello: () => messages.send(undefined, 'hello', epoch.value),
    onLost: (node) => messages.lose(node),
    now,
  })
  const requests = new ClusterRequests({
    messages,
    isConnected: () => broker.isConnected,
    alive: () => members.alive,
    timeoutMs: requestTimeoutMs,
    answer: (address, ...question) => addresses.find(address)?.answer(...question),
    report,
  })
  const logs: ClusterLog[] = addresses.receivers.map((receivers, number) => {
    const segments = new LogSegments(now)
    const { windowMs = 0, limit = 0 } = ring ?? {}
    return new ClusterLog({
      number,
      broker,
      segments,
      writer: outbox.writerOf(number),
      ring: ring && new LogRing({ number, broker, segments, now, windowMs, limit: limit / options.logs }),
      receivers,
      epoch,
      isAlive: (node) => node === id || members.isAlive(node),
      report,
    })
  })

  messages.on('hello', (node, value) => {
    if (typeof value === 'string') void epoch.hear(value)
    // A new node learns at once who is there.
    if (members.hear(node)) messages.send(node, 'hello', epoch.value)
  })
  messages.on('farewell', (node) => members.lose(node))

  const logOf = (address: string) => logs[addresses.logOf(address)] as ClusterLog

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
    get isIdle() {
      return outbox.isEmpty
    },

    async open() {
      await broker.open({
        receiveEntry: (number, entry) => logs[number]?.receive(entry),
        receiveMessage: (body) => messages.receive(body),
        lost(error) {
          epoch.lose()
          outbox.lose()
          report(error, 'the connection to the broker was lost')
        },
        resumed(number, continuity) {
          logs[number]?.resumed(continuity)
          outbox.resend()
          members.check()
        },
      })
      await epoch.open()
      for (const { following } of logs) following.connected()
      outbox.flush()
      members.open()
    },

    settled: async () => void (await Promise.all(logs.map(({ following }) => following.followed))),

    logOf,

    attach(address, receiver) {
      addresses.set(address, receiver)
      void logOf(address).following.hold()
      return () => {
        addresses.delete(address, receiver)
        logOf(address).following.release()
      }
    },

    post(address, fields, isKept) {
      outbox.add(addresses.logOf(address), address, fields, isKept)
    },

    lastNumberOf: (address) => outbox.writerOf(addresses.logOf(address)).lastNumber,

    async close() {
      outbox.flush()
      const until = now() + FLUSH_MS
      while (broker.isConnected && !outbox.isEmpty && now() < until) await setTimeout(10)
      if (broker.isConnected) messages.send(undefined, 'farewell', null)
      members.close()
      requests.close()
      messages.close()
      for (const each of logs) each.close()
      epoch.close()
      outbox.close()
      await broker.close()
    },
  }
}
