import type { FastifyBaseLogger } from 'fastify'
import type { Broker } from './broker.js'
import { ClusterLog, type LogReceiver } from './log/cluster-log.js'
import { LogRing } from './log/log-ring.js'
import { Outbox } from './log/outbox.js'
import { ClusterMembers } from './nodes/membership.js'
import { NodeEpoch } from './nodes/node-epoch.js'
import { NodeMessages } from './nodes/node-messages.js'
import { createReport } from './nodes/node-report.js'

/*
 * A node of a cluster: what one Socket.IO server has in common with the others, over a broker of any kind. Each address belongs to
 * one log; what is emitted to an address goes to the log, and to the sockets of this node when it is read back from there.
 */

export interface ClusterNodeOptions {
  readonly broker: Broker
  /** The node's id, new for each start. */
  readonly id: string
  /** How many logs there are; the same on every node. */
  readonly logs: number
  /** Bytes that may wait for the broker. */
  readonly outboxBytes: number
  readonly requestTimeoutMs: number
  /** What is kept for clients that come back; undefined without recovery. `limit`: characters of all logs, 0 turns it off. */
  readonly ring?: { readonly windowMs: number; readonly limit: number } | undefined
  readonly log: FastifyBaseLogger
  /** Milliseconds. @defaultValue `performance.now` */
  readonly now?: () => number
}

export interface ClusterNode {
  readonly id: string
  readonly epoch: string
  /** The other nodes that are alive. */
  readonly alive: readonly string[]
  /** Whether what is emitted now can reach the broker. */
  readonly isConnected: boolean
  /** Milliseconds that other nodes may take to answer. */
  readonly requestTimeoutMs: number
  readonly messages: NodeMessages
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
  /** The number of the last entry of this node in the log of an address: see `ClusterLog.whenSeen`. */
  lastNumberOf(address: string): number
  /** Logs what another node has caused; each kind once a minute. */
  report(error: unknown, what: string): void
  /** Ends within a second. What still waits is given to the broker, if it is there. */
  close(): Promise<void>
}

const FLUSH_MS = 500
const FLUSH_CHECK_MS = 10

/** Creates a node. It tells nothing, and is told nothing, before it is opened. */
export function createClusterNode(options: ClusterNodeOptions): ClusterNode {
  const { broker, id, requestTimeoutMs, ring, log, now = () => performance.now() } = options
  const report = createReport(log, broker.kind, now)
  const receivers = Array.from({ length: options.logs }, () => new Map<string, LogReceiver>())
  const numbers = new Map<string, number>()

  const messages: NodeMessages = new NodeMessages({ node: id, send: (to, body) => broker.send(to, body), report })
  const epoch = new NodeEpoch(broker, () => outbox.restore())
  const outbox: Outbox = new Outbox({ ...options, node: id, epoch: () => epoch.value, limit: options.outboxBytes })
  const members = new ClusterMembers({
    sayHello: () => messages.send(undefined, 'hello', epoch.value),
    onLost: (node) => messages.lose(node),
    now,
  })
  const logs = receivers.map(
    (receivers, number) =>
      new ClusterLog({
        number,
        broker,
        writer: outbox.writerOf(number),
        receivers,
        epoch,
        isAlive: (node) => members.isAlive(node),
        ring: ring && new LogRing({ number, broker, now, windowMs: ring.windowMs, limit: ring.limit / options.logs }),
        report,
      }),
  )

  messages.on('hello', (node, value) => {
    if (typeof value === 'string') epoch.hear(value)
    // A new node learns at once who is there.
    if (members.hear(node)) messages.send(node, 'hello', epoch.value)
  })
  messages.on('farewell', (node) => members.lose(node))

  function numberOf(address: string): number {
    const known = numbers.get(address)
    if (known !== undefined) return known
    return hashOf(address) % options.logs
  }

  const logAt = (number: number) => logs[number] as ClusterLog

  return {
    id,
    requestTimeoutMs,
    messages,
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

    async open() {
      await broker.open({
        receiveEntry: (number, entry) => logs[number]?.receive(entry),
        receiveMessage: (body) => messages.receive(body),
        lost(error) {
          epoch.lose()
          report(error, 'the connection to the broker was lost')
        },
        resumed(number, continuity) {
          logs[number]?.resumed(continuity)
          if (continuity === 'trimmed') report(undefined, 'the broker has dropped what this node has not read')
          outbox.resend()
          members.check()
        },
      })
      await epoch.open()
      for (const each of logs) each.following.connected()
      outbox.flush()
      members.open()
    },

    async settled() {
      await Promise.all(logs.map(({ following }) => following.followed))
    },

    logOf: (address) => logAt(numberOf(address)),

    attach(address, receiver) {
      const number = numberOf(address)
      const map = receivers[number] as Map<string, LogReceiver>
      numbers.set(address, number)
      map.set(address, receiver)
      void logAt(number).following.hold()
      return () => {
        logAt(number).following.release()
        if (map.get(address) !== receiver) return
        map.delete(address)
        numbers.delete(address)
      }
    },

    post(address, fields, isKept) {
      outbox.add(numberOf(address), address, fields, isKept)
    },

    lastNumberOf: (address) => outbox.writerOf(numberOf(address)).lastNumber,

    async close() {
      outbox.flush()
      const until = now() + FLUSH_MS
      while (broker.isConnected && !outbox.isEmpty && now() < until) {
        await new Promise((resolve) => setTimeout(resolve, FLUSH_CHECK_MS))
      }
      if (broker.isConnected) messages.send(undefined, 'farewell', undefined)
      members.close()
      messages.close()
      for (const each of logs) each.close()
      epoch.close()
      outbox.close()
      await broker.close()
    },
  }
}

/** The FNV-1a hash of a text: the same on every node. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
