import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { isPermanent } from '../adapters/permanent-failure.js'
import type {
  BeginOptions,
  Claim,
  ClaimOptions,
  ClaimTransaction,
  IdempotencyStore,
} from '../definition/idempotency.js'
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

/** What the claims of a server are opened with. */
export interface ClaimsSettings {
  readonly prefix: string
  /** Also how long a server that fails later is asked again. */
  readonly connectTimeoutMs: number
  /** Wakes those who wait for a key; without one, all. */
  readonly wake: (id?: string) => void
  readonly warn: (message: string, error?: unknown) => void
}

/** Asks the claims, and again while their server can't be reached. */
type Ask<Claims> = <Answer>(run: (claims: Claims) => Promise<Answer>) => Promise<Answer>

export interface LeasedStoreOptions<Claims extends SharedClaims>
  extends Pick<ClaimsSettings, 'prefix' | 'connectTimeoutMs'> {
  readonly maxAckBytes: number
  /** @throws (rejects) FST_NSP_STORE_UNREACHABLE */
  openClaims(settings: ClaimsSettings): Promise<Claims>
  /** Begins the transaction of a claim, in a store that can. */
  begin?(ask: Ask<Claims>, id: string, token: string, options: BeginOptions): Promise<ClaimTransaction>
}

/** Milliseconds between two attempts to reach a server. */
const PAUSE_MS = 50
const CLOSED = 'The store is closed'

export function createLeasedStore<Claims extends SharedClaims>(options: LeasedStoreOptions<Claims>): IdempotencyStore {
  const { maxAckBytes, prefix, connectTimeoutMs, openClaims, begin } = options
  const waiters = new ClaimWaiters()
  let claims: Promise<Claims> | undefined
  let log: FastifyBaseLogger | undefined
  let users = 0
  let isClosed = false

  /** Connects once, for the first who asks. */
  function connected(): Promise<Claims> {
    if (isClosed) return Promise.reject(new Error(CLOSED))
    if (!claims) {
      const wake = (id?: string) => (id === undefined ? waiters.wakeAll() : waiters.wake(id))
      const warn = (message: string, err?: unknown) => log?.warn({ err }, message)
      const made = openClaims({ prefix, connectTimeoutMs, wake, warn })
      claims = made
      made.catch(() => {
        if (claims === made) claims = undefined
      })
    }
    return claims
  }

  async function ask<Answer>(run: (claims: Claims) => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
    const end = performance.now() + connectTimeoutMs
    for (;;) {
      try {
        return await run(await connected())
      } catch (error) {
        if (isClosed) throw new Error(CLOSED)
        if (isPermanent(error) || performance.now() >= end) throw error
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

    ...(begin && { begin: (token, options) => begin(ask, idOf(token), token, options) }),

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
