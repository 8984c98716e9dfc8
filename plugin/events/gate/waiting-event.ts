/*
 * Events of a socket that wait for a middleware or a listener of the application. A wait ends once: when the application
 * acts, when its time is up, or when the socket leaves.
 */

/** Why a wait is given up: a timeout; the socket has left; or the server closes, and the client can still be answered. */
export type GiveUpReason = 'late' | 'gone' | 'closing'

export class WaitingEvents {
  #all: Set<WaitingEvent> | undefined = undefined

  /**
   * Begins a wait.
   *
   * @param timeoutMs - the longest wait; with 0 it lasts as long as the socket
   * @param giveUp - called if the wait is given up
   */
  begin(timeoutMs: number, giveUp: (reason: GiveUpReason) => void): WaitingEvent {
    this.#all ??= new Set()
    return new WaitingEvent(this.#all, timeoutMs, giveUp)
  }

  /** Gives up all waits. */
  end(reason: GiveUpReason): void {
    if (this.#all) for (const wait of this.#all) wait.giveUp(reason)
  }
}

export class WaitingEvent {
  readonly #all: Set<WaitingEvent>
  readonly #giveUp: (reason: GiveUpReason) => void
  readonly #timer: NodeJS.Timeout | undefined

  constructor(all: Set<WaitingEvent>, timeoutMs: number, giveUp: (reason: GiveUpReason) => void) {
    this.#all = all
    this.#giveUp = giveUp
    this.#timer = timeoutMs > 0 ? setTimeout(() => this.giveUp('late'), timeoutMs).unref() : undefined
    all.add(this)
  }

  /** Ends the wait. Returns false if it had ended before. */
  end(): boolean {
    clearTimeout(this.#timer)
    return this.#all.delete(this)
  }

  giveUp(reason: GiveUpReason): void {
    if (this.end()) this.#giveUp(reason)
  }
}
