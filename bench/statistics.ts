/*
 * The median of values, and its uncertainty.
 */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

/** How far the median of the values may be off: half of its 95 % confidence interval, by order statistics. */
export function uncertaintyOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const { length } = sorted
  const reach = 0.98 * Math.sqrt(length)
  const low = sorted[Math.max(0, Math.floor(length / 2 - reach))] ?? Number.NaN
  const high = sorted[Math.min(length - 1, Math.ceil(length / 2 + reach))] ?? Number.NaN
  return (high - low) / 2
}
