/*
 * Sessions in memory, each for a limited time. Beyond the limit of bytes, those that were written first are dropped.
 */

interface KeptSession {
  readonly text: string
  /** Milliseconds. */
  expiresAt: number
}

const SWEEP_MS = 10_000

export class KeptSessions {
  readonly #limit: number
  readonly #now: () => number
  readonly #sessions = new Map<string, KeptSession>()
  #bytes = 0
  #sweptAt = 0

  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Returns false, and writes nothing, if there is one whose text does not begin with `head`. */
  put(id: string, text: string, ttlMs: number, head: string): boolean {
    this.#sweep()
    if (this.read(id)?.startsWith(head) === false) return false
    this.take(id)
    this.#sessions.set(id, { text, expiresAt: this.#now() + ttlMs })
    this.#bytes += id.length + text.length
    for (const first of this.#sessions.keys()) {
      if (this.#bytes <= this.#limit) break
      this.take(first)
    }
    return true
  }

  /** Removes a session and returns its text; undefined if there is none. */
  take(id: string): string | undefined {
    const session = this.#sessions.get(id)
    if (!session) return undefined
    this.#sessions.delete(id)
    this.#bytes -= id.length + session.text.length
    return session.expiresAt > this.#now() ? session.text : undefined
  }

  /** The text of a session; undefined if there is none. */
  read(id: string): string | undefined {
    const session = this.#sessions.get(id)
    return session && session.expiresAt > this.#now() ? session.text : undefined
  }

  /** Returns whether it is there. */
  keep(id: string, ttlMs: number): boolean {
    const session = this.#sessions.get(id)
    if (!session || session.expiresAt <= this.#now()) return false
    session.expiresAt = this.#now() + ttlMs
    return true
  }

  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweptAt + SWEEP_MS) return
    this.#sweptAt = now
    for (const [id, { expiresAt }] of this.#sessions) if (expiresAt <= now) this.take(id)
  }
}
