/*
 * Waiting, but not for ever.
 */

/** Waits for a promise. Rejects with `createError()` where it has not settled within `ms` milliseconds; 0 is for ever. */
export function withTimeout(promise: PromiseLike<unknown>, ms: number, createError: () => Error): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = ms > 0 ? setTimeout(() => reject(createError()), ms).unref() : undefined
    const settle = (end: (value: unknown) => void) => (value: unknown) => {
      clearTimeout(timer)
      end(value)
    }
    promise.then(settle(resolve), settle(reject))
  })
}

/**
 * Waits for a promise, but not for ever. Resolves to whether it settled within `ms` milliseconds; it never rejects, and
 * leaves no timer behind.
 */
export async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const settled = promise.then(
    () => true,
    () => true,
  )
  const isInTime = await Promise.race([settled, late])
  clearTimeout(timer)
  return isInTime
}
