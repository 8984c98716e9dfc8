/*
 * Up to which place the outbox need not keep what it has delivered: a broker may lose what it had a moment ago.
 */

/** As long as it may take until a broker that has restarted is noticed, and what it has lost is delivered again. */
const KEEP_MS = 30_000
/** Milliseconds between two places that are noted. */
const STEP_MS = 1_000

export class SettledPlaces {
  readonly #now: () => number
  #noted: { readonly place: bigint; readonly at: number }[] = []
  #settled = 0n

  constructor(now: () => number) {
    this.#now = now
  }

  /** Notes how far the outbox was delivered. Returns the place that it had come to half a minute ago; 0: none that is known. */
  note(place: bigint): bigint {
    const at = this.#now()
    const last = this.#noted.at(-1)
    if (place > (last?.place ?? this.#settled) && at - (last?.at ?? Number.NEGATIVE_INFINITY) >= STEP_MS) {
      this.#noted.push({ place, at })
    }
    const kept = this.#noted.findIndex((noted) => at - noted.at < KEEP_MS)
    const settled = kept < 0 ? this.#noted : this.#noted.slice(0, kept)
    for (const { place: each } of settled) this.#settled = each
    this.#noted = this.#noted.slice(settled.length)
    return this.#settled
  }
}
