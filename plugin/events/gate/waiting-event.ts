/*
 * What is begun for a socket and ends elsewhere, in a function of the application: each has its time, and all of them end
 * when the socket goes. Who ends it first has the word: its own end, its time, or the socket's.
 */

/** GiveUpReason a wait is over: its time is up, the socket has gone, or it goes because the server closes and can still be told. */
export type GiveUpReason = 'late' | 'gone' | 'closing'

export class WaitingEvents {
  #all: Set<WaitingEvent> | undefined = undefined

  /** Begins to wait, for `timeoutMs` at most, 0 for as long as the socket is there. `giveUp` hears why it was in vain. */
  begin(timeoutMs: number, giveUp: (why: GiveUpReason) => void): WaitingEvent {
    this.#all ??= new Set()
    return new WaitingEvent(this.#all, timeoutMs, giveUp)
  }

  /** Gives all of them up. */
  end(why: GiveUpReason): void {
    if (this.#all) for (const wait of this.#all) wait.giveUp(why)
  }
}

export class WaitingEvent {
  readonly #all: Set<WaitingEvent>
  readonly #giveUp: (why: GiveUpReason) => void
  readonly #timer: NodeJS.Timeout | undefined

  constructor(all: Set<WaitingEvent>, timeoutMs: number, giveUp: (why: GiveUpReason) => void) {
    this.#all = all
    this.#giveUp = giveUp
    this.#timer = timeoutMs > 0 ? setTimeout(() => this.giveUp('late'), timeoutMs).unref() : undefined
    all.add(this)
  }

  /** It has come to its own end. out: whether that is the first. */
  end(): boolean {
    clearTimeout(this.#timer)
    return this.#all.delete(this)
  }

  giveUp(why: GiveUpReason): void {
    if (this.end()) this.#giveUp(why)
  }
}
