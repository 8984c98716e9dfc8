import { setTimeout } from 'node:timers/promises'
import type { Broker } from '../broker.js'
import { isPermanent } from '../permanent-failure.js'
import { type SessionRecord, writeRecord } from './session-record.js'

/*
 * Writes sessions to the broker, and takes them from it. What it can't be told waits here.
 */

export interface SessionWriterOptions {
  readonly broker: Pick<Broker, 'putSession' | 'takeSession' | 'readSession' | 'keepSessions' | 'dropSession'>
  /** With what each session of this node begins. */
  readonly head: string
  /** How long a lost session can be recovered. Milliseconds. */
  readonly waitMs: number
  readonly report: (error: unknown, what: string) => void
}

/** What the broker does not know yet. Without a text, the session is dropped. */
interface UnwrittenSession {
  readonly text: string | undefined
  readonly ttlMs: number
  /** See Broker. */
  readonly head: string
}

/** How much longer than a lost session that of a connected socket lives, since it was written last. */
export const LEASE_MS = 10_000
const KEPT_AT_A_TIME = 500
const MOST_UNWRITTEN = 10_000
const FLUSH_MS = 500
const FLUSH_CHECK_MS = 10
/** How long a claim waits for a broker that is away. */
const TAKE_MS = 5_000
const RETRY_MS = 50

export class SessionWriter {
  readonly #options: SessionWriterOptions
  /** Of sessions without a socket. */
  readonly #unwritten = new Map<string, UnwrittenSession>()
  #isClosed = false

  constructor(options: SessionWriterOptions) {
    this.#options = options
  }

  /** The number of changes that wait for the broker. */
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

  /** Writes the session of a connected socket. Resolves to false if another node has it; rejects if the broker may not have it. */
  lease(pid: string, text: string): Promise<boolean> {
    const { broker, waitMs, head } = this.#options
    this.#unwritten.delete(pid)
    return broker.putSession(pid, text, waitMs + LEASE_MS, head)
  }

  /** Prolongs the sessions of connected sockets as they were written. `onMissing` is called with each that the broker does not have. */
  prolong(pids: readonly string[], onMissing: (pid: string) => void): void {
    const { broker, waitMs } = this.#options
    for (let at = 0; at < pids.length; at += KEPT_AT_A_TIME) {
      const kept = broker.keepSessions(pids.slice(at, at + KEPT_AT_A_TIME), waitMs + LEASE_MS)
      kept.then((missing) => missing.forEach(onMissing)).catch(() => {})
    }
  }

  /** Writes a session of this node that has no socket, unless another node has taken it over. */
  give(pid: string, text: string): void {
    const { waitMs, head } = this.#options
    this.#change(pid, { text, ttlMs: waitMs, head })
  }

  /** Writes a session that this node has taken over. */
  hold(pid: string, text: string): void {
    this.#change(pid, { text, ttlMs: this.#options.waitMs, head: '' })
  }

  /** Writes a mark that outlives all sessions of now. */
  mark(id: string): void {
    this.#change(id, { text: 'marked', ttlMs: this.#options.waitMs + LEASE_MS, head: '' })
  }

  async isMarked(id: string): Promise<boolean> {
    // The node that made the mark has told this one, too.
    return (await this.#options.broker.readSession(id).catch(() => undefined)) !== undefined
  }

  /**
   * Takes a session from those that wait, or from the broker. One that is not accepted stays as it is. A broker that is away is waited
   * for: without it nobody knows whether there is a session.
   */
  async take(pid: string, accepts: (text: string) => boolean): Promise<string | undefined> {
    const waiting = this.#unwritten.get(pid)
    if (waiting) {
      if (!accepts(waiting.text ?? '')) return undefined
      this.#unwritten.delete(pid)
      return waiting.text
    }
    const { broker } = this.#options
    const until = performance.now() + TAKE_MS
    while (!this.#isClosed && performance.now() < until) {
      try {
        return accepts((await broker.readSession(pid)) ?? '') ? await broker.takeSession(pid) : undefined
      } catch (error) {
        if (isPermanent(error)) return undefined
        await setTimeout(RETRY_MS)
      }
    }
    return undefined
  }

  drop(pid: string): void {
    this.#change(pid, { text: undefined, ttlMs: 0, head: '' })
  }

  /** A session that waits for the broker does so no longer; that one was dropped is still told. */
  takeBack(pid: string): void {
    if (this.#unwritten.get(pid)?.text !== undefined) this.#unwritten.delete(pid)
  }

  /** Ends what waits for a session. Resolves when the broker knows everything, at the latest after half a second. */
  async close(isConnected: () => boolean): Promise<void> {
    this.#isClosed = true
    const until = performance.now() + FLUSH_MS
    while (isConnected() && this.size > 0 && performance.now() < until) await setTimeout(FLUSH_CHECK_MS)
  }

  retry(): void {
    for (const [id, change] of this.#unwritten) this.#change(id, change)
  }

  #change(id: string, change: UnwrittenSession): void {
    const { broker } = this.#options
    if (this.#unwritten.size >= MOST_UNWRITTEN && !this.#unwritten.has(id)) this.#unwritten.clear()
    this.#unwritten.set(id, change)
    const { text, ttlMs, head } = change
    const written: Promise<unknown> =
      text === undefined ? broker.dropSession(id) : broker.putSession(id, text, ttlMs, head)
    written.then(
      () => {
        if (this.#unwritten.get(id) === change) this.#unwritten.delete(id)
      },
      // It is told again by the next `retry`.
      () => {},
    )
  }
}
