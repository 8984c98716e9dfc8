import type { Clock } from '../limits.js'

/*
 * Token buckets, for the rates.
 */

/** A token bucket that gains `perSecond` tokens a second and holds the tokens of two seconds. */
export interface Bucket {
  /**
   * Takes a token.
   *
   * @returns 0 if there was one, otherwise the milliseconds until there is one
   */
  take(): number
}

export function createBucket(perSecond: number, now: Clock): Bucket {
  return new TokenBucket(perSecond, now)
}

class TokenBucket implements Bucket {
  readonly #perSecond: number
  readonly #now: Clock
  #tokens: number
  #filledAt: number

  constructor(perSecond: number, now: Clock) {
    this.#perSecond = perSecond
    this.#now = now
    this.#tokens = perSecond * 2
    this.#filledAt = now()
  }

  take(): number {
    const perSecond = this.#perSecond
    if (perSecond === 0) return 0
    const at = this.#now()
    this.#tokens = Math.min(perSecond * 2, this.#tokens + ((at - this.#filledAt) / 1_000) * perSecond)
    this.#filledAt = at
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / perSecond) * 1_000)
    this.#tokens -= 1
    return 0
  }
}

/** A token bucket as one number, because every connection has one: the time at which it is full again. */
export type FullAt = number

/**
 * Takes a token of a bucket that holds `burst` tokens.
 *
 * @returns the time at which the bucket is full again; without a token, the milliseconds until there is one, as a negative integer
 */
export function takeToken(fullAt: FullAt, perSecond: number, burst: number, now: Clock): number {
  const at = now()
  const next = Math.max(fullAt, at) + 1_000 / perSecond
  const early = next - at - (burst * 1_000) / perSecond
  // Sums of fractions of a millisecond are not exact.
  return early > 0.001 ? -Math.ceil(early) : next
}
