import type { SessionRecord } from './session-record.js'
import type { SessionWriter } from './session-writer.js'

/*
 * The sessions of this node's sockets. Each is written to the broker when it has changed.
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
}

export class LiveSessions {
  readonly #writer: SessionWriter
  readonly #sessions = new Map<string, WrittenSession>()
  readonly #changed = new Set<string>()

  constructor(writer: SessionWriter) {
    this.#writer = writer
  }

  get size(): number {
    return this.#sessions.size
  }

  get pids(): Iterable<string> {
    return this.#sessions.keys()
  }

  find(pid: string): LiveSession | undefined {
    return this.#sessions.get(pid)?.session
  }

  add(session: LiveSession): void {
    this.#sessions.set(session.pid, { session, text: undefined, data: undefined })
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

  /** Finds the sessions whose data has changed, or which the broker may not have. `isLost`: it has none. */
  sweep(isLost: boolean): void {
    for (const [pid, written] of this.#sessions) {
      if (isLost) written.text = undefined
      if (written.text === undefined || jsonOf(written.session.data) !== written.data) this.touch(pid)
    }
  }

  #flush(): void {
    for (const pid of this.#changed) {
      const written = this.#sessions.get(pid)
      const record = written?.session.record
      if (written && record) this.#write(written, record)
    }
    this.#changed.clear()
  }

  #write(written: WrittenSession, record: SessionRecord): void {
    const text = this.#writer.textOf(record)
    written.data = jsonOf(record.data)
    if (text === undefined || text === written.text) return
    written.text = text
    this.#writer.lease(record.pid, text).catch(() => {
      // The next sweep writes it.
      written.text = undefined
    })
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
