/*
 * A signal that aborts with another one, or after a time. AbortSignal.any() of AbortSignal.timeout() would not do: on Node.js 20 the
 * garbage collector takes the timer, and the signal never aborts.
 */

interface TimeLimit {
  readonly signal: AbortSignal
  /** Call it when nothing is left to abort. */
  readonly clear: () => void
}

export function startTimeLimit(signal: AbortSignal, milliseconds: number): TimeLimit {
  const ends = new AbortController()
  const onAbort = () => ends.abort(signal.reason)
  const timer = setTimeout(() => ends.abort(new DOMException('The time is over', 'TimeoutError')), milliseconds)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return {
    signal: ends.signal,

    clear() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
