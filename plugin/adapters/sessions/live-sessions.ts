import type { SessionRecord } from './session-record.js'
import { LEASE_MS, type SessionWriter } from './session-writer.js'

/*
 * The sessions of this node's sockets. Each is written to the broker when it has changed, and again before its lease ends.
 */

/** The session of a connected socket. */
export interface LiveSession {
  readonly pid: string
  readonly address: string
  readonly owner: string
  readonly data: unknown
  /** Undefined while its onConnect runs: until then it can't be recovered. */
  readonly record: SessionRecord | undefined
  /** Ends its connection. If it can be recovered, its adapter persists it before this returns. */
  sever(): void
}

interface WrittenSession {
  readonly session: LiveSession
  /** What the broker has; undefined if that is not known. */
  text: string | undefined
  /** Its data in that text. */
  data: string | undefined
  /** When it was last due. Milliseconds. */
  dueAt: number
}

// A lease is renewed by one of several sweeps before it ends, so that not all are due in one tick.
const DUE_MS = LEASE_MS * 0.6
const SWEEPS_OF_DUE = 4

export class LiveSessions {
  readonly #writer: SessionWriter
  readonly #onTaken: (session: LiveSession) => void
  readonly #sessions = new Map<string, WrittenSession>()
  readonly #changed = new Set<string>()

  /** @param onTaken - called when another node has the session of a socket of this one, which was thought dead */
  constructor(writer: SessionWriter, onTaken: (session: LiveSession) => void) {
    this.#writer = writer
    this.#onTaken = onTaken
  }

  get size(): number {
    return this.#sessions.size
  }

  find(pid: string): LiveSession | undefined {
    return this.#sessions.get(pid)?.session
  }

  /** `now`: milliseconds. */
  add(session: LiveSession, now: number): void {
    this.#sessions.set(session.pid, { session, text: undefined, data: undefined, dueAt: now })
    this.touch(session.pid)
  }

  /** Returns whether there was one. */
  remove(pid: string): boolean {
    return this.#sessions.delete(pid)
  }

  /** Writes a session at the end of the tick, if it has changed. */
  touch(pid: string): void {
    if (this.#changed.size === 0) setImmediate(() => this.#flush())
    this.#changed.add(pid)
  }

  /**
   * Writes the sessions whose data has changed, those that the broker may not have, and those that are due.
   *
   * @param isLost - whether the broker has none
   */
  sweep(now: number, isLost: boolean): void {
    let most = Math.ceil(this.#sessions.size / SWEEPS_OF_DUE)
    for (const [pid, written] of this.#sessions) {
      if (isLost) written.text = undefined
      const isDue = now - written.dueAt >= DUE_MS && --most >= 0
      if (isDue) written.dueAt = now
      if (isDue || written.text === undefined || jsonOf(written.session.data) !== written.data) this.touch(pid)
    }
  }

  #flush(): void {
    const unchanged: string[] = []
    for (const pid of this.#changed) {
      const written = this.#sessions.get(pid)
      const record = written?.session.record
      if (written && record && !this.#write(written, record)) unchanged.push(pid)
    }
    this.#changed.clear()
    this.#writer.prolong(unchanged, (pid) => {
      const written = this.#sessions.get(pid)
      // The next sweep writes it.
      if (written) written.text = undefined
    })
  }

  /** Returns false if the broker has it as it is. */
  #write(written: WrittenSession, record: SessionRecord): boolean {
    const text = this.#writer.textOf(record)
    written.data = jsonOf(record.data)
    if (text === written.text) return false
    written.text = text
    if (text === undefined) return true
    this.#writer.lease(record.pid, text).then(
      (isOurs) => {
        if (!isOurs && this.#sessions.get(record.pid) === written) this.#onTaken(written.session)
      },
      () => {
        // The next sweep writes it.
        written.text = undefined
      },
    )
    return true
  }
}

/** Undefined for what is not JSON. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
