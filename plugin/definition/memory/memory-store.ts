import { FST_NSP_CLAIM_LOST, FST_NSP_KEYS_LIMIT } from '../../shared/errors/idempotency-errors.js'
import { FST_NSP_OPTIONS_INVALID } from '../../shared/errors.js'
import type { Clock } from '../../shared/limits.js'
import type { Claim, ClaimOptions, IdempotencyStore } from '../idempotency.js'
import { createEntry, type MemoryEntry, waitFor } from './memory-entry.js'

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
   * Bytes of one ack. In place of a longer one, the error `FST_NSP_ACK_TOO_LARGE` is kept.
   * @defaultValue 1_000_000
   */
  maxAckBytes?: number
  /**
   * A clock, in milliseconds.
   * @defaultValue `Date.now`
   */
  now?: Clock
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
  const { maxKeys = 10_000, maxBytes = 16_000_000, maxAckBytes = 1_000_000, now = Date.now } = options
  for (const [name, value] of Object.entries({ maxKeys, maxBytes, maxAckBytes })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new FST_NSP_OPTIONS_INVALID(`createMemoryStore.${name}`, `must be a whole number from 1 on: got ${value}`)
    }
  }
  const entries = new Map<string, MemoryEntry>()
  const claims = new Map<string, MemoryEntry>()
  /** The entries that have an ack, the oldest first. */
  const kept = new Set<MemoryEntry>()
  let bytes = 0
  let sequence = 0

  /** The claim before, if there is one, is lost. */
  function issueToken(entry: MemoryEntry, options: ClaimOptions): Claim {
    claims.delete(String(entry.token))
    const token = String(++sequence)
    entry.token = token
    entry.options = options
    entry.expiresAt = now() + options.leaseMs
    claims.set(token, entry)
    return { token }
  }

  function drop(entry: MemoryEntry): void {
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

  function begin(key: string, options: ClaimOptions): Claim {
    const size = Buffer.byteLength(key)
    if (!makeRoom(1, size)) throw new FST_NSP_KEYS_LIMIT()
    const entry = createEntry(key, size, options)
    entries.set(key, entry)
    bytes += size
    return issueToken(entry, options)
  }

  function waitIn(entry: MemoryEntry, options: ClaimOptions): Promise<Claim> {
    const claim = waitFor(entry, options)
    watch(entry)
    return claim
  }

  /** Hands the claim to the first waiting caller when its lease has ended. Does nothing while nobody waits. */
  function watch(entry: MemoryEntry): void {
    if (entry.timer || entry.token === undefined || entry.waiters.size === 0) return
    const endLease = () => {
      entry.timer = undefined
      if (entry.expiresAt <= now()) handOver(entry)
      watch(entry)
    }
    entry.timer = setTimeout(endLease, Math.max(1, entry.expiresAt - now())).unref()
  }

  /** Returns whether a caller waited for the claim. */
  function handOver(entry: MemoryEntry): boolean {
    const [next] = entry.waiters
    if (!next) return false
    entry.waiters.delete(next)
    next.resolve(issueToken(entry, next.options))
    return true
  }

  /** The entry of a claim. A claim whose lease has ended is lost when another caller has received a token. */
  function find(token: string): MemoryEntry {
    const entry = claims.get(token)
    if (!entry) throw new FST_NSP_CLAIM_LOST()
    return entry
  }

  function end(token: string, entry: MemoryEntry): void {
    claims.delete(token)
    entry.token = undefined
    clearTimeout(entry.timer)
    entry.timer = undefined
  }

  return {
    maxAckBytes,

    async claim(key, options) {
      options.signal?.throwIfAborted()
      const entry = entries.get(key)
      if (!entry) return begin(key, options)
      const isValid = entry.expiresAt > now()
      if (entry.fingerprint === options.fingerprint) {
        if (entry.ack !== undefined && isValid) return { ack: entry.ack }
        if (entry.token !== undefined && (isValid || handOver(entry))) return waitIn(entry, options)
        if (entry.token !== undefined) return issueToken(entry, options)
      } else if (isValid || entry.waiters.size > 0) return 'mismatch'
      claims.delete(String(entry.token))
      drop(entry)
      return begin(key, options)
    },

    async renew(token) {
      const entry = find(token)
      entry.expiresAt = now() + entry.options.leaseMs
    },

    async settle(token, ack) {
      const entry = find(token)
      end(token, entry)
      const size = Buffer.byteLength(ack)
      entry.ack = ack
      entry.expiresAt = now() + entry.options.ttlMs
      entry.bytes += size
      bytes += size
      kept.add(entry)
      makeRoom(0, 0)
      for (const waiter of entry.waiters) waiter.resolve({ ack })
      entry.waiters.clear()
    },

    async release(token) {
      const entry = claims.get(token)
      if (!entry) return
      end(token, entry)
      if (!handOver(entry)) drop(entry)
      watch(entry)
    },
  }
}
