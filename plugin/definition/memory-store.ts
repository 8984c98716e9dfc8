import { FST_NSP_KEYS_LIMIT, FST_NSP_OPTIONS_INVALID } from '../shared/errors.js'
import type { Clock } from '../shared/limits.js'
import type { Claim, ClaimOptions, IdempotencyStore } from './idempotency.js'

/*
 * The default idempotency store: acks in the memory of this process. A claim in flight is never dropped, because waiting events
 * would wait forever or run the handler again. At a bound, the oldest acks are dropped; if there are none, `claim()` rejects.
 */

/** The options of `createMemoryStore()`. */
export interface MemoryStoreOptions {
  /**
   * Number of keys, in flight or kept.
   * @defaultValue 10_000
   */
  maxKeys?: number
  /**
   * Bytes of all keys and acks.
   * @defaultValue 16_000_000
   */
  maxBytes?: number
  /**
   * A clock, in milliseconds.
   * @defaultValue `Date.now`
   */
  now?: Clock
}

interface ClaimWaiter {
  readonly ttlMs: number
  readonly resolve: (claim: Claim) => void
}

interface Entry {
  readonly key: string
  bytes: number
  expiresAt: number
  ttlMs: number
  /** The token of the claim in flight; undefined after the ack was stored. */
  token: string | undefined
  ack: string | undefined
  readonly waiters: Set<ClaimWaiter>
}

/**
 * Creates an idempotency store in memory. Several events may share it. If there is no room beside the keys in flight, an event is
 * answered with `FST_NSP_KEYS_LIMIT`.
 *
 * @throws FST_NSP_OPTIONS_INVALID if a bound is not a whole number from 1 on
 *
 * @example
 * idempotency: { key: ({ key }) => key, store: createMemoryStore({ maxBytes: 64_000_000 }) }
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): IdempotencyStore {
  const { maxKeys = 10_000, maxBytes = 16_000_000, now = Date.now } = options
  for (const [name, value] of Object.entries({ maxKeys, maxBytes })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new FST_NSP_OPTIONS_INVALID(`createMemoryStore.${name}`, `must be a whole number from 1 on: got ${value}`)
    }
  }
  const entries = new Map<string, Entry>()
  const claims = new Map<string, Entry>()
  /** The entries that have an ack, the oldest first. */
  const kept = new Set<Entry>()
  let bytes = 0
  let sequence = 0

  function issueToken(entry: Entry, ttlMs: number): Claim {
    const token = String(++sequence)
    entry.token = token
    entry.ttlMs = ttlMs
    entry.expiresAt = now() + ttlMs
    claims.set(token, entry)
    return { token }
  }

  function drop(entry: Entry): void {
    entries.delete(entry.key)
    kept.delete(entry)
    bytes -= entry.bytes
  }

  /** Drops the oldest acks until so many more keys and bytes fit. Returns whether they fit. */
  function makeRoom(keys: number, size: number): boolean {
    for (const oldest of kept) {
      if (entries.size + keys <= maxKeys && bytes + size <= maxBytes) break
      drop(oldest)
    }
    return entries.size + keys <= maxKeys && bytes + size <= maxBytes
  }

  function begin(key: string, ttlMs: number): Claim {
    const size = Buffer.byteLength(key)
    if (!makeRoom(1, size)) throw new FST_NSP_KEYS_LIMIT()
    const entry: Entry = { key, bytes: size, expiresAt: 0, ttlMs, token: undefined, ack: undefined, waiters: new Set() }
    entries.set(key, entry)
    bytes += size
    return issueToken(entry, ttlMs)
  }

  function wait(entry: Entry, { ttlMs, signal }: ClaimOptions): Promise<Claim> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.waiters.delete(waiter)
        reject(signal?.reason)
      }
      const waiter = {
        ttlMs,
        resolve(claim: Claim) {
          signal?.removeEventListener('abort', leave)
          resolve(claim)
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      entry.waiters.add(waiter)
    })
  }

  /** Ends a claim in flight. Returns undefined if the claim is lost. */
  function take(token: string): Entry | undefined {
    const entry = claims.get(token)
    claims.delete(token)
    return entry
  }

  return {
    async claim(key, options) {
      options.signal?.throwIfAborted()
      const entry = entries.get(key)
      if (!entry) return begin(key, options.ttlMs)
      const isValid = entry.expiresAt > now()
      if (entry.token !== undefined) {
        if (isValid) return wait(entry, options)
        // The claim has expired and is lost. The waiting callers continue to wait.
        claims.delete(entry.token)
        return issueToken(entry, options.ttlMs)
      }
      if (isValid) return { ack: entry.ack as string }
      drop(entry)
      return begin(key, options.ttlMs)
    },

    async settle(token, ack) {
      const entry = take(token)
      if (!entry) return
      const size = Buffer.byteLength(ack)
      entry.token = undefined
      entry.ack = ack
      entry.expiresAt = now() + entry.ttlMs
      entry.bytes += size
      bytes += size
      kept.add(entry)
      makeRoom(0, 0)
      for (const waiter of entry.waiters) waiter.resolve({ ack })
      entry.waiters.clear()
    },

    async release(token) {
      const entry = take(token)
      if (!entry) return
      const [next] = entry.waiters
      if (!next) {
        drop(entry)
        return
      }
      entry.waiters.delete(next)
      next.resolve(issueToken(entry, next.ttlMs))
    },
  }
}
