import type { Broker, LogContinuity, PlacedEntry } from './broker.js'
import { ClusterLog } from './log/cluster-log.js'
import { isKeptWriter } from './log/kept-emits.js'
import type { LogReceiver } from './log/log-item.js'
import { LogSegments } from './log/log-segments.js'
import { Outbox } from './log/outbox.js'
import { LiveAddresses } from './nodes/live-addresses.js'
import type { NodeEpoch } from './nodes/node-epoch.js'
import type { NodeReport } from './nodes/node-report.js'
import { ToldEntries } from './nodes/told-entries.js'
import { LogRing } from './ring/log-ring.js'
import { RingMemory } from './ring/ring-memory.js'

/*
 * The logs of the cluster on one node: what is emitted here and waits for the broker, and what is read back for the addresses that
 * are live here. Each address belongs to one log.
 */

export interface NodeLogsOptions {
  readonly broker: Broker
  /** The node's id. */
  readonly id: string
  /** How many logs there are; the same on every node. */
  readonly logs: number
  /** Bytes that may wait for the broker. */
  readonly outboxBytes: number
  /** What is kept for clients that come back; undefined without recovery. `limit`: characters of all logs, 0 turns it off. */
  readonly ring?: { readonly windowMs: number; readonly limit: number } | undefined
  readonly epoch: NodeEpoch
  /** Whether another node is alive. */
  readonly isAlive: (node: string) => boolean
  readonly report: NodeReport
  /** Milliseconds. */
  readonly now: () => number
}

type AppendedEntry = readonly [log: number, number: number, place: string]

export class NodeLogs {
  /** Finds what is live here. */
  readonly addresses: LiveAddresses
  readonly outbox: Outbox
  readonly #logs: readonly ClusterLog[]
  /** What the nodes tell of each log. */
  readonly #told: readonly ToldEntries[]

  constructor(options: NodeLogsOptions) {
    const { broker, id, epoch, ring, now, report } = options
    this.addresses = new LiveAddresses(options.logs)
    this.outbox = new Outbox({ ...options, node: id, epoch: () => epoch.value, limit: options.outboxBytes })
    const { windowMs = 0, limit = 0 } = ring ?? {}
    const memory = new RingMemory(limit)
    const drop = () => report(new TypeError('It is not an emit'), 'an emit that no client can read was dropped')
    this.#logs = this.addresses.receivers.map((receivers, number) => {
      const segments = new LogSegments(now)
      return new ClusterLog({
        number,
        broker,
        segments,
        writer: this.outbox.writerOf(number),
        ring: ring && new LogRing({ number, broker, segments, now, windowMs, memory, drop }),
        receivers,
        epoch,
        isAlive: (node) => node === id || isKeptWriter(node) || options.isAlive(node),
        report,
      })
    })
    this.#told = this.#logs.map((log, number) => new ToldEntries({ number, broker, log, epoch }))
  }

  /** What this node tells with its hello: of each log that it has appended to, the number and the offset of its last entry. */
  get appended(): readonly AppendedEntry[] {
    return this.#logs.flatMap((_log, number) => {
      const { confirmed } = this.outbox.writerOf(number)
      return confirmed ? [[number, ...confirmed] as const] : []
    })
  }

  /** Called with what a node has told, this one included. A node of an older version tells nothing. */
  hear(node: string, appended: unknown): void {
    for (const told of Array.isArray(appended) ? appended : []) {
      const [log, number, place] = Array.isArray(told) ? told : []
      if (Number.isSafeInteger(number)) this.#told[Number(log)]?.hear(node, number, String(place))
    }
  }

  of(address: string): ClusterLog {
    return this.#logs[this.addresses.logOf(address)] as ClusterLog
  }

  /** Gives the items of an address to a receiver. Returns a function that ends it. */
  attach(address: string, receiver: LogReceiver): () => void {
    this.addresses.set(address, receiver)
    void this.of(address).following.hold()
    return () => {
      this.addresses.delete(address, receiver)
      this.of(address).following.release()
    }
  }

  /** The number of the last own entry in the log of an address. */
  lastNumberOf(address: string): number {
    return this.outbox.writerOf(this.addresses.logOf(address)).lastNumber
  }

  receive(log: number, entry: PlacedEntry): void {
    this.#logs[log]?.receive(entry)
  }

  /** Called when the broker is connected for the first time. */
  open(): void {
    for (const { following } of this.#logs) following.connected()
    this.outbox.flush()
  }

  /** Called for each followed log when the connection is back. */
  resumed(log: number, continuity: LogContinuity): void {
    this.#logs[log]?.resumed(continuity)
    this.outbox.writerOf(log).resend()
  }

  /** Resolves when the logs of all live addresses are followed. */
  async settled(): Promise<void> {
    await Promise.all(this.#logs.map(({ following }) => following.followed))
  }

  close(): void {
    for (const log of this.#logs) log.close()
    for (const told of this.#told) told.close()
  }
}
