/*
 * Remembers the calls of `app.disconnectUser()`. A handshake or connect that began before such a call may still be under way
 * when it ends: its user has to be disconnected, too.
 */

/** How many users are remembered, the latest ones. */
const REMEMBERED = 10_000

const DECISION = Symbol('decision')

/** A request, with the number of calls before the decision on it began; missing if there were none. */
interface Decided {
  [DECISION]?: number
}

interface Call {
  readonly number: number
  readonly message: string
  readonly at: number
}

/** Thrown if a decision began before the oldest call that is remembered: it has to be made anew. */
export class StaleDecision extends Error {}

export class DismissedUsers {
  readonly #now: () => number
  readonly #limit: number
  /** The last call for each user, the oldest first. */
  readonly #calls = new Map<string, Call>()
  #forgotten: Call | undefined = undefined
  #count = 0

  /** @param now - returns milliseconds */
  constructor(now: () => number, limit = REMEMBERED) {
    this.#now = now
    this.#limit = limit
  }

  get count(): number {
    return this.#count
  }

  add(userId: string, message: string): void {
    this.#calls.delete(userId)
    this.#calls.set(userId, { number: ++this.#count, message, at: this.#now() })
    if (this.#calls.size <= this.#limit) return
    const [[oldest, call]] = this.#calls as unknown as [[string, Call]]
    this.#calls.delete(oldest)
    this.#forgotten = call
  }

  /**
   * Notes on a request when the decision on it began.
   * @param count - the number of calls at that moment
   */
  mark(request: object, count = this.#count): void {
    if (count > 0) (request as Decided)[DECISION] = count
  }

  /** Whether there was a call since the decision on a request began. */
  isAny(request: object): boolean {
    return this.#count > decisionOf(request)
  }

  /**
   * @returns the message of a call for that user since the decision on the request began; undefined if there was none
   * @throws StaleDecision if a call since then may have been forgotten
   */
  find(userId: string, request: object): string | undefined {
    const decision = decisionOf(request)
    const call = this.#calls.get(userId)
    if (call && call.number > decision) return call.message
    if (this.#forgotten && this.#forgotten.number > decision) throw new StaleDecision()
    return undefined
  }

  /** Whether there may have been a call for that user in the last `ms` milliseconds. */
  isRecent(userId: string, ms: number): boolean {
    const last = this.#calls.get(userId) ?? this.#forgotten
    return last !== undefined && this.#now() - last.at < ms
  }
}

function decisionOf(request: object): number {
  return (request as Decided)[DECISION] ?? 0
}
