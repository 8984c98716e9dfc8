/*
 * Waits for a promise with a time limit.
 */

/**
 * Settles as a promise does, or rejects after `ms` milliseconds.
 *
 * @param ms - 0 for no limit
 * @param createError - creates the error of the timeout
 */
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
 * Waits for a promise to settle. Never rejects.
 *
 * @returns whether the promise settled within `ms` milliseconds
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
