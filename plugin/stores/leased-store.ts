import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Claim, ClaimOptions, IdempotencyStore } from '../definition/idempotency.js'
import { FST_NSP_CLAIM_LOST } from '../shared/errors/idempotency-errors.js'
import { ClaimWaiters } from './claim-waiters.js'

/*
 * An idempotency store over a server that all nodes share. The server decides, in one step for each method; here callers wait for each
 * other, and for a server that is away for a moment. Every step may be repeated: who has not heard its answer asks again.
 */

/** What a claim comes to: `waitMs` is the rest of another caller's lease. */
export type ClaimAttempt = Claim | { readonly waitMs: number }

/** The claims of a server, by the digests of their keys. */
export interface SharedClaims {
  /** Claims a key. A repeated call with the same token gets the same answer. */
  claim(id: string, token: string, options: ClaimOptions): Promise<ClaimAttempt>
  /** @returns whether the claim is not lost */
  renew(id: string, token: string): Promise<boolean>
  /** Keeps an ack, and wakes those who wait for it. @returns whether the claim is not lost */
  settle(id: string, token: string, ack: string): Promise<boolean>
  /** Frees the key, and wakes those who wait for it. */
  release(id: string, token: string): Promise<unknown>
  /** Ends within a second, and leaves no handle. */
  close(): Promise<void>
}

export interface LeasedStoreSettings {
  readonly maxAckBytes: number
  /** How long a server that fails is asked again, in milliseconds. */
  readonly patienceMs: number
  /**
   * Connects.
   *
   * @param wake - wakes those who wait for a key; without one, all
   * @throws (rejects) FST_NSP_STORE_UNREACHABLE
   */
  connect(wake: (id?: string) => void, warn: WarnOfStore): Promise<SharedClaims>
  /** Whether asking again does not mend it. */
  isFinal(error: unknown): boolean
}

export type WarnOfStore = (message: string, error?: unknown) => void

/** Milliseconds between two attempts to reach a server. */
const PAUSE_MS = 50
const CLOSED = 'The store is closed'

export function createLeasedStore({
  maxAckBytes,
  patienceMs,
  connect,
  isFinal,
}: LeasedStoreSettings): IdempotencyStore {
  const waiters = new ClaimWaiters()
  let claims: Promise<SharedClaims> | undefined
  let log: FastifyBaseLogger | undefined
  let users = 0
  let isClosed = false

  /** Connects once, for the first who asks. */
  function connected(): Promise<SharedClaims> {
    if (isClosed) return Promise.reject(new Error(CLOSED))
    if (!claims) {
      const wake = (id?: string) => (id === undefined ? waiters.wakeAll() : waiters.wake(id))
      const made = connect(wake, (message, err) => log?.warn({ err }, message))
      claims = made
      made.catch(() => {
        if (claims === made) claims = undefined
      })
    }
    return claims
  }

  async function ask<Answer>(run: (claims: SharedClaims) => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
    const end = performance.now() + patienceMs
    for (;;) {
      try {
        return await run(await connected())
      } catch (error) {
        if (isClosed) throw new Error(CLOSED)
        if (isFinal(error) || performance.now() >= end) throw error
        await delay(PAUSE_MS)
        signal?.throwIfAborted()
      }
    }
  }

  return {
    maxAckBytes,

    async claim(key, options) {
      const { signal } = options
      const id = digestOf(key)
      const token = `${id}.${randomUUID()}`
      for (;;) {
        signal?.throwIfAborted()
        const waiter = waiters.enter(id)
        try {
          const attempt = await ask((claims) => claims.claim(id, token, options), signal)
          if (attempt === 'mismatch' || !('waitMs' in attempt)) return attempt
          await waiter.wait(attempt.waitMs, signal)
        } finally {
          waiters.leave(id, waiter)
        }
      }
    },

    async renew(token) {
      if (!(await ask((claims) => claims.renew(idOf(token), token)))) throw new FST_NSP_CLAIM_LOST()
    },

    async settle(token, ack) {
      if (!(await ask((claims) => claims.settle(idOf(token), token, ack)))) throw new FST_NSP_CLAIM_LOST()
    },

    async release(token) {
      await ask((claims) => claims.release(idOf(token), token))
    },

    async open(given) {
      users++
      isClosed = false
      log ??= given
      await connected()
    },

    async close() {
      users = Math.max(0, users - 1)
      if (users > 0) return
      isClosed = true
      log = undefined
      const ended = claims
      claims = undefined
      waiters.wakeAll(new Error(CLOSED))
      await ended?.then(
        (open) => open.close(),
        () => {},
      )
    },
  }
}

/** Of one length, whatever the key has. */
function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

/** The digest in a token. */
function idOf(token: string): string {
  return token.slice(0, token.indexOf('.'))
}
