/*
 * The timer of one stream, for two limits: the time until the next item, and the time until the client is ready for it. Each item
 * sets a number, and no timer.
 */

/** What a stream waits for. */
export type Awaited = 'item' | 'reader'

/** Milliseconds; 0 turns one off. */
export type StreamTimeouts = Readonly<Record<Awaited, number>>

export class StreamTimer {
  readonly #timeouts: StreamTimeouts
  readonly #giveUp: (awaited: Awaited) => void
  #awaited: Awaited = 'item'
  #since = 0
  #timer: NodeJS.Timeout | undefined = undefined

  /** @param giveUp - called once, if a wait is too long */
  constructor(timeouts: StreamTimeouts, giveUp: (awaited: Awaited) => void) {
    this.#timeouts = timeouts
    this.#giveUp = giveUp
    this.wait('item')
    this.#arm(Math.min(limitOf(timeouts.item), limitOf(timeouts.reader)))
  }

  /** Begins a wait; the one before it has ended. */
  wait(awaited: Awaited): void {
    this.#awaited = awaited
    this.#since = performance.now()
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  /** A wait may begin at any time, so the timer fires after the shorter limit at the latest. */
  #check(): void {
    const { item, reader } = this.#timeouts
    const limit = limitOf(this.#timeouts[this.#awaited])
    const left = limit - (performance.now() - this.#since)
    if (left <= 0) this.#giveUp(this.#awaited)
    else this.#arm(Math.min(left, limitOf(item), limitOf(reader)))
  }

  #arm(ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#check(), Math.max(1, ms)).unref()
  }
}

function limitOf(ms: number): number {
  return ms === 0 ? Number.POSITIVE_INFINITY : ms
}
