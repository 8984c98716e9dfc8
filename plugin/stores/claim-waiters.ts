/*
 * The callers of this process that wait for a claim which another event has: on this node or on another one. They are woken by a message
 * of the store, or else when the lease of that claim ends.
 */

/** One caller. It waits once. */
interface ClaimWaiter {
  /**
   * Resolves when the caller is woken, also if that was before, and after `ms` milliseconds at the latest.
   *
   * @throws (rejects) the reason of the signal, or the error with which it is woken
   */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>
  wake(error?: Error): void
}

export class ClaimWaiters {
  readonly #waiting = new Map<string, Set<ClaimWaiter>>()

  /** Notes a caller before it asks for its claim, so that no message is missed. */
  enter(id: string): ClaimWaiter {
    const waiter = createWaiter()
    const others = this.#waiting.get(id)
    if (others) others.add(waiter)
    else this.#waiting.set(id, new Set([waiter]))
    return waiter
  }

  leave(id: string, waiter: ClaimWaiter): void {
    const others = this.#waiting.get(id)
    others?.delete(waiter)
    if (others?.size === 0) this.#waiting.delete(id)
  }

  /** Wakes those of a key. */
  wake(id: string): void {
    for (const waiter of this.#waiting.get(id) ?? []) waiter.wake()
  }

  /** Wakes all: messages may have been missed; or, with an error, nothing more will come. */
  wakeAll(error?: Error): void {
    for (const waiters of this.#waiting.values()) for (const waiter of waiters) waiter.wake(error)
  }
}

function createWaiter(): ClaimWaiter {
  let isWoken = false
  let failure: Error | undefined
  let resume = () => {}
  return {
    wake(error) {
      isWoken = true
      failure = error
      resume()
    },

    async wait(ms, signal) {
      // It may have aborted while the caller asked for its claim.
      if (!isWoken && !signal?.aborted) {
        const woken = new Promise<void>((resolve) => {
          resume = resolve
        })
        const timer = setTimeout(resume, ms)
        signal?.addEventListener('abort', resume)
        await woken
        clearTimeout(timer)
        signal?.removeEventListener('abort', resume)
      }
      signal?.throwIfAborted()
      if (failure) throw failure
    },
  }
}
