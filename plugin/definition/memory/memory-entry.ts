import type { Claim, ClaimOptions } from '../idempotency.js'

/*
 * A key in the memory store, and the callers that wait for it.
 */

interface MemoryWaiter {
  readonly options: ClaimOptions
  readonly resolve: (claim: Claim) => void
}

/** A key, in flight or kept. */
export interface MemoryEntry {
  readonly key: string
  readonly fingerprint: string
  bytes: number
  /** The end of the lease, or of the ack. */
  expiresAt: number
  /** Of the claim in flight. */
  token: string | undefined
  /** Those of the caller whose claim it is. */
  options: ClaimOptions
  ack: string | undefined
  readonly waiters: Set<MemoryWaiter>
  /** Ends the lease, if anybody waits for it. */
  timer: NodeJS.Timeout | undefined
}

export function createEntry(key: string, bytes: number, options: ClaimOptions): MemoryEntry {
  const state = { expiresAt: 0, token: undefined, ack: undefined, timer: undefined }
  return { key, fingerprint: options.fingerprint, bytes, options, waiters: new Set(), ...state }
}

/** Waits for the ack or for the next claim of a key. Rejects when the signal aborts. */
export function waitFor(entry: MemoryEntry, options: ClaimOptions): Promise<Claim> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    const leave = () => {
      entry.waiters.delete(waiter)
      reject(signal?.reason)
    }
    const waiter: MemoryWaiter = {
      options,
      resolve(claim) {
        signal?.removeEventListener('abort', leave)
        resolve(claim)
      },
    }
    signal?.addEventListener('abort', leave, { once: true })
    entry.waiters.add(waiter)
  })
}
