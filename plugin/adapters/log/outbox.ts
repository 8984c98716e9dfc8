import { FST_NSP_BROKER_BACKLOG } from '../broker-errors.js'
import { LogWriter, type WriterSettings } from './log-writer.js'

/*
 * What this node has to tell the cluster. The items of one tick and log become one entry; entries wait here, bounded in bytes,
 * until the broker has them.
 */

export interface OutboxOptions extends Omit<WriterSettings, 'load' | 'recentBytes'> {
  /** How many logs there are. */
  readonly logs: number
  /** Bytes that may wait, as characters of JSON. */
  readonly limit: number
}

// What the broker may have lost is kept, too: up to this part of the limit.
const RECENT_PART = 4

export class Outbox {
  readonly #limit: number
  readonly #writers: readonly LogWriter[]
  readonly #load = { length: 0 }
  #isScheduled = false

  constructor(options: OutboxOptions) {
    const { logs, limit } = options
    this.#limit = limit
    const settings = { ...options, load: this.#load, recentBytes: limit / RECENT_PART / logs }
    this.#writers = Array.from({ length: logs }, (_, log) => new LogWriter(log, settings))
  }

  /**
   * Adds an item to a log. It is appended at the end of the tick.
   *
   * @throws FST_NSP_BROKER_BACKLOG if too much waits
   */
  add(log: number, ...item: Parameters<LogWriter['add']>): void {
    const { length } = this.#load
    if (length >= this.#limit) throw new FST_NSP_BROKER_BACKLOG(length)
    this.writerOf(log).add(...item)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.flush())
  }

  writerOf(log: number): LogWriter {
    return this.#writers[log] as LogWriter
  }

  flush(): void {
    this.#isScheduled = false
    for (const writer of this.#writers) writer.flush()
  }

  /** Called when the connection is lost. */
  lose(): void {
    for (const writer of this.#writers) writer.lose()
  }

  /** Called when the broker has lost something. */
  restore(): void {
    for (const writer of this.#writers) writer.restore()
  }

  /** Whether the broker has everything. */
  get isEmpty(): boolean {
    return this.#writers.every(({ isEmpty }) => isEmpty)
  }

  close(): void {
    for (const writer of this.#writers) writer.close()
  }
}
