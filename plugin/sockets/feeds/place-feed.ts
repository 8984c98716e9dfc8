import { type ErrorLog, logError } from '../../shared/log/error-log.js'
import type { PlaceLeases } from '../../shared/place-leases.js'
import { settlesWithin } from '../../shared/timeout.js'

/*
 * The feed of one place on this node, e.g. of an address: while there are clients, it asks for the lease of the place; while it has the
 * lease, the feed runs here.
 */

export interface PlaceFeedOptions {
  readonly place: string
  readonly leases: PlaceLeases
  /** Whether this node has clients there. */
  readonly hasClients: () => boolean
  /** How long it may be without clients. Milliseconds. */
  readonly graceMs: number
  /** Calls onFirst, and onLast. */
  readonly start: (signal: AbortSignal) => unknown
  readonly end: (signal: AbortSignal) => unknown
  /** Called at the end of `run`. */
  readonly over: () => void
  readonly log: ErrorLog
  /** Milliseconds. */
  readonly now: () => number
}

/** How long onFirst may go on after its signal was aborted, and how long onLast may take. Milliseconds. */
const STOP_MS = 10_000
// How long to wait after an onFirst that has failed: twice as long each time.
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000

export class PlaceFeed {
  readonly #options: PlaceFeedOptions
  /** Whether clients are here, or were a moment ago. */
  #isWanted = true
  #grace: NodeJS.Timeout | undefined
  /** Until when the lease may be used. */
  #usableUntil = 0
  #claiming: Promise<void> | undefined
  /** Stops the feed. There is one from the start of the feed until its lease is given back. */
  #stop: AbortController | undefined
  #failures = 0
  #retryAt = 0
  #isWoken = false
  #wake = () => {}

  constructor(options: PlaceFeedOptions) {
    this.#options = options
  }

  /** Called when a client has come or gone. */
  count(): void {
    if (this.#options.hasClients()) {
      if (this.#grace) this.wake()
      clearTimeout(this.#grace)
      this.#grace = undefined
      this.#isWanted = true
    } else if (this.#isWanted) {
      this.#grace ??= setTimeout(() => this.close(), this.#options.graceMs).unref()
    }
  }

  /** Called now and then: prolongs the lease, or asks for it. */
  tick(): void {
    this.count()
    if (this.#stop) this.#prolong(this.#stop)
    else this.wake()
  }

  /** Called when the lease may be free. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  /** Stops the feed here, without a grace. */
  close(): void {
    clearTimeout(this.#grace)
    this.#grace = undefined
    this.#isWanted = false
    this.#stop?.abort()
    this.wake()
  }

  /** Resolves when the feed is over on this node. Never rejects. */
  async run(): Promise<void> {
    const { place, leases, hasClients, now, over } = this.#options
    while (this.#isWanted) {
      // Whoever wakes it while it asks may know more than the answer.
      this.#isWoken = false
      if (hasClients() && now() >= this.#retryAt) await this.#claim()
      if (this.#isLeased) await this.#hold()
      else if (this.#isWanted && !this.#isWoken) await this.#woken()
    }
    // Also one that came too late to be used.
    leases.release(place).catch(() => {})
    over()
  }

  #prolong(stop: AbortController): void {
    const abortIfLost = () => {
      if (!this.#isLeased) stop.abort()
    }
    // At once: the broker may not answer, or the process has been stopped for so long that another node has the lease.
    abortIfLost()
    void this.#claim().then(abortIfLost)
  }

  get #isLeased(): boolean {
    return this.#options.now() < this.#usableUntil
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Asks for the lease, one time after another. Never rejects: without an answer, it stays as it is. */
  #claim(): Promise<void> {
    const { leases, place } = this.#options
    this.#claiming ??= leases
      .claim(place)
      .then(
        (usableUntil) => {
          this.#usableUntil = usableUntil
        },
        () => {},
      )
      .then(() => {
        this.#claiming = undefined
      })
    return this.#claiming
  }

  async #hold(): Promise<void> {
    const { leases, place } = this.#options
    const stop = new AbortController()
    this.#stop = stop
    if (this.#isWanted) await this.#feed(stop)
    // What is under way would take the lease again.
    await this.#claiming
    this.#stop = undefined
    this.#usableUntil = 0
    await leases.release(place).catch(() => {})
  }

  /** Calls onFirst; and onLast, unless onFirst has failed. */
  async #feed(stop: AbortController): Promise<void> {
    const { start, end, now } = this.#options
    const { signal } = stop
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    const startedAt = now()
    let hasFailed = false
    const started = call(start, signal).catch((error: unknown) => {
      if (signal.aborted) {
        if (!isAbort(error, signal)) this.#report(error, 'onFirst failed when it was stopped')
        return
      }
      hasFailed = true
      this.#postpone(error, now() - startedAt)
      stop.abort()
    })
    await aborted
    await this.#wait(started, 'onFirst')
    if (hasFailed) return
    const ended = call(end, signal).catch((error: unknown) => this.#report(error, 'onLast failed'))
    await this.#wait(ended, 'onLast')
  }

  async #wait(promise: Promise<unknown>, what: string): Promise<void> {
    if (await settlesWithin(STOP_MS, promise)) return
    this.#report(new Error(`${what} has not ended ${STOP_MS} ms after the feed was stopped`), 'a feed goes on')
  }

  #postpone(error: unknown, ranMs: number): void {
    // A feed that has run for long begins anew.
    this.#failures = ranMs > LAST_RETRY_MS ? 0 : this.#failures
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS)
    this.#retryAt = this.#options.now() + retryMs
    this.#report(error, 'onFirst failed', { retryMs })
  }

  #report(error: unknown, message: string, more: object = {}): void {
    logError(this.#options.log, error, more, message)
  }
}

async function call(run: (signal: AbortSignal) => unknown, signal: AbortSignal): Promise<unknown> {
  return run(signal)
}

/** Whether an error only says that the signal was aborted. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
