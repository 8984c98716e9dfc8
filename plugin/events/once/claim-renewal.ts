import type { IdempotencyStore } from '../../definition/idempotency.js'
import { contain } from '../../shared/maybe-async.js'

/*
 * Renews the leases of an event's claims while their handlers run: one timer for all, which ends when it finds none.
 */

/** How often a lease is renewed before it would end. */
const BEATS = 3

export class ClaimRenewal {
  readonly #store: Pick<IdempotencyStore, 'renew'>
  readonly #beatMs: number
  readonly #tokens = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(store: Pick<IdempotencyStore, 'renew'>, leaseMs: number) {
    this.#store = store
    this.#beatMs = Math.ceil(leaseMs / BEATS)
  }

  begin(token: string): void {
    this.#tokens.add(token)
    this.#timer ??= setInterval(() => this.#beat(), this.#beatMs).unref()
  }

  end(token: string): void {
    this.#tokens.delete(token)
  }

  #beat(): void {
    if (this.#tokens.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    // settle() tells if a claim is lost.
    for (const token of this.#tokens)
      contain(
        () => this.#store.renew(token),
        () => {},
      )
  }
}
