/*
 * Calls of disconnectUser, by their number: whoever is let in by a decision that began before one of them is out.
 */

/** Users that are remembered, those of the last calls. */
const REMEMBERED = 10_000

const DECISION = Symbol('decision')

/** A request: how many calls there had been when the decision on it began. None, where there had been none. */
interface Decided {
  [DECISION]?: number
}

interface Call {
  readonly number: number
  readonly message: string
  readonly at: number
}

/** A decision is older than what is remembered: it has to be made anew. */
export class StaleDecision extends Error {}

export class DismissedUsers {
  readonly #now: () => number
  readonly #limit: number
  /** The last one of each user, the oldest first. */
  readonly #calls = new Map<string, Call>()
  #forgotten: Call | undefined = undefined
  #count = 0

  /** now: milliseconds. */
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

  /** Says when the decision on a request began. Default: now. */
  mark(request: object, count = this.#count): void {
    if (count > 0) (request as Decided)[DECISION] = count
  }

  /** Whether there has been any since the decision on a request began. */
  isAny(request: object): boolean {
    return this.#count > decisionOf(request)
  }

  /** What was said of a user since the decision on a request began; undefined for nothing. throws StaleDecision. */
  find(userId: string, request: object): string | undefined {
    const decision = decisionOf(request)
    const call = this.#calls.get(userId)
    if (call && call.number > decision) return call.message
    if (this.#forgotten && this.#forgotten.number > decision) throw new StaleDecision()
    return undefined
  }

  /** Whether there may have been one for a user within a time. */
  isRecent(userId: string, ms: number): boolean {
    const last = this.#calls.get(userId) ?? this.#forgotten
    return last !== undefined && this.#now() - last.at < ms
  }
}

function decisionOf(request: object): number {
  return (request as Decided)[DECISION] ?? 0
}
