import { setTimeout } from 'node:timers/promises'
import type { Broker } from '../broker.js'
import { type SessionRecord, writeRecord } from './session-record.js'

/*
 * Writes sessions to the broker, and takes them from it. What it can't be given waits here.
 */

export interface SessionWriterOptions {
  readonly broker: Pick<Broker, 'putSession' | 'takeSession' | 'keepSessions' | 'dropSession'>
  /** How long a lost session can be recovered. Milliseconds. */
  readonly waitMs: number
  readonly report: (error: unknown, what: string) => void
}

/** How often the sessions of connected sockets are prolonged. */
export const LEASE_MS = 10_000
const KEPT_AT_A_TIME = 500
// Of lost sessions that wait for the broker.
const MOST_UNWRITTEN = 10_000
/** How long a claim waits for a broker that is away. */
const TAKE_MS = 5_000
const RETRY_MS = 50

export class SessionWriter {
  readonly #options: SessionWriterOptions
  /** Lost sessions that the broker does not have yet. */
  readonly #unwritten = new Map<string, string>()
  #keptAt = 0
  #isClosed = false

  constructor(options: SessionWriterOptions) {
    this.#options = options
  }

  /** The number of sessions that wait for the broker. */
  get size(): number {
    return this.#unwritten.size
  }

  /** The text of a session; undefined if its data is not JSON, which is reported. */
  textOf(record: SessionRecord): string | undefined {
    try {
      return writeRecord(record)
    } catch (error) {
      this.#options.report(error, 'a session can not be recovered: the data of its socket is not JSON')
      return undefined
    }
  }

  /** Writes the session of a connected socket. Rejects if the broker may not have it. */
  lease(pid: string, text: string): Promise<void> {
    const { broker, waitMs } = this.#options
    this.#unwritten.delete(pid)
    return broker.putSession(pid, text, waitMs + LEASE_MS)
  }

  /** Writes a session that has no socket. */
  give(pid: string, text: string): void {
    const { broker, waitMs } = this.#options
    if (this.#unwritten.size >= MOST_UNWRITTEN) this.#unwritten.clear()
    this.#unwritten.set(pid, text)
    broker.putSession(pid, text, waitMs).then(
      () => {
        if (this.#unwritten.get(pid) === text) this.#unwritten.delete(pid)
      },
      // It is given again by the next `retry`.
      () => {},
    )
  }

  /** The text of a session that the broker does not have yet. It does not wait any longer. */
  takeBack(pid: string): string | undefined {
    const text = this.#unwritten.get(pid)
    this.#unwritten.delete(pid)
    return text
  }

  /** Takes a session from the broker. One that is away is waited for: without it nobody knows whether there is a session. */
  async take(pid: string): Promise<string | undefined> {
    const until = performance.now() + TAKE_MS
    while (!this.#isClosed && performance.now() < until) {
      try {
        return await this.#options.broker.takeSession(pid)
      } catch {
        await setTimeout(RETRY_MS)
      }
    }
    return undefined
  }

  /** Nobody waits for the broker any longer. */
  close(): void {
    this.#isClosed = true
  }

  drop(pid: string): void {
    this.#unwritten.delete(pid)
    // Without the broker it expires.
    this.#options.broker.dropSession(pid).catch(() => {})
  }

  retry(): void {
    for (const [pid, text] of this.#unwritten) this.give(pid, text)
  }

  /** Prolongs the sessions of connected sockets, if it is time. `now`: milliseconds. */
  prolong(pids: Iterable<string>, now: number): void {
    if (now - this.#keptAt < LEASE_MS) return
    this.#keptAt = now
    const all = [...pids]
    for (let at = 0; at < all.length; at += KEPT_AT_A_TIME) {
      const { broker, waitMs } = this.#options
      broker.keepSessions(all.slice(at, at + KEPT_AT_A_TIME), waitMs + LEASE_MS).catch(() => {})
    }
  }
}
