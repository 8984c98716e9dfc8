/*
 * A client that retries gives at-least-once: the same event may come twice. A key makes it once: the first ack is kept,
 * and given to every later event with that key.
 */

/** Where acks are kept. Three methods, each of which one statement of Redis or PostgreSQL can be. */
export interface IdempotencyStore {
  /**
   * Claims a key for `ttlMs`. Resolves to undefined for whoever comes first, and for everybody else to the ack that the
   * first one has settled, when it has. Rejects if the claim was given up meanwhile.
   */
  claim(key: string, ttlMs: number): Promise<string | undefined>
  /** Keeps the ack, as JSON, under a key that was claimed. */
  settle(key: string, ack: string, ttlMs: number): Promise<void>
  /** Gives a claim up, so that the next one may try. */
  release(key: string): Promise<void>
}

export interface IdempotencyOptions {
  /**
   * The key of an event, from its checked payload: what the client made up for this one thing it wants, and whose it is.
   * It is kept apart by namespace and event already; `undefined` means that this event has none.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the payload's type is inferred beside it, not for it
  key: (payload: any, context: any) => string | undefined
  /** How long an ack is kept. Milliseconds. Default 600_000. */
  ttlMs?: number
  /** Default: the memory of this process, for 10_000 keys at most. */
  store?: IdempotencyStore
}

interface Entry {
  readonly ack: Promise<string>
  readonly settle: (ack: string) => void
  readonly abandon: (error: Error) => void
  expiresAt: number
}

/** Keeps acks in memory. When it is full, the oldest go. `now` is a clock in milliseconds. */
export function createMemoryStore(limit = 10_000, now: () => number = Date.now): IdempotencyStore {
  const entries = new Map<string, Entry>()

  return {
    async claim(key, ttlMs) {
      const known = entries.get(key)
      if (known && known.expiresAt > now()) return known.ack
      entries.delete(key)
      entries.set(key, createEntry(now() + ttlMs))
      // A Map keeps its order: the first is the oldest.
      for (const oldest of entries.keys()) {
        if (entries.size <= limit) break
        entries.delete(oldest)
      }
      return undefined
    },
    async settle(key, ack, ttlMs) {
      const entry = entries.get(key)
      if (!entry) return
      entry.expiresAt = now() + ttlMs
      entry.settle(ack)
    },
    async release(key) {
      entries.get(key)?.abandon(new Error('The first event with this key has not been answered'))
      entries.delete(key)
    },
  }
}

function createEntry(expiresAt: number): Entry {
  let settle!: Entry['settle']
  let abandon!: Entry['abandon']
  const ack = new Promise<string>((resolve, reject) => {
    settle = resolve
    abandon = reject
  })
  ack.catch(() => {}) // whoever waits for it hears of it; nobody has to
  return { ack, settle, abandon, expiresAt }
}

/** The acks of one kind of event, in a store. */
export interface Memory {
  /** The ack of the first event with this claim; undefined makes this one the first, whose ack is to be kept. */
  recall(claim: string): Promise<unknown>
  /** Keeps an ack for those who come later. What JSON can't keep they will have to earn again: then it rejects. */
  keep(claim: string, ack: unknown): Promise<void>
}

export function createMemory({ store, ttlMs }: Pick<Required<IdempotencyOptions>, 'store' | 'ttlMs'>): Memory {
  return {
    async recall(claim) {
      const known = await store.claim(claim, ttlMs)
      return known === undefined ? undefined : JSON.parse(known)
    },
    async keep(claim, ack) {
      try {
        await store.settle(claim, JSON.stringify(ack), ttlMs)
      } catch (error) {
        await store.release(claim)
        throw error
      }
    },
  }
}
