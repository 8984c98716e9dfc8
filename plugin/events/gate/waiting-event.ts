/*
 * What is begun for a socket and ends elsewhere, in a function of the application: each has its time, and all of them end
 * when the socket goes. Who ends it first has the word: its own end, its time, or the socket's.
 */

/** Why a wait is over: its time is up, the socket has gone, or it goes because the server closes and can still be told. */
export type Why = 'late' | 'gone' | 'closing'

export class Waits {
  #all: Set<Wait> | undefined = undefined

  /** Begins to wait, for `timeoutMs` at most, 0 for as long as the socket is there. `giveUp` hears why it was in vain. */
  begin(timeoutMs: number, giveUp: (why: Why) => void): Wait {
    this.#all ??= new Set()
    return new Wait(this.#all, timeoutMs, giveUp)
  }

  /** Gives all of them up. */
  end(why: Why): void {
    if (this.#all) for (const wait of this.#all) wait.giveUp(why)
  }
}

export class Wait {
  readonly #all: Set<Wait>
  readonly #giveUp: (why: Why) => void
  readonly #timer: NodeJS.Timeout | undefined

  constructor(all: Set<Wait>, timeoutMs: number, giveUp: (why: Why) => void) {
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

  giveUp(why: Why): void {
    if (this.end()) this.#giveUp(why)
  }
}
