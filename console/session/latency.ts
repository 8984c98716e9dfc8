import type { RoundTrip } from './session-types.js'

/** What round trips of one kind came to, in milliseconds. */
export interface Latency {
  readonly count: number
  readonly min: number
  readonly median: number
  /** 95 of 100 were as fast. */
  readonly p95: number
}

/** Undefined if there is none. */
export function latencyOf(roundTrips: readonly RoundTrip[], kind: RoundTrip['kind']): Latency | undefined {
  const times = roundTrips.flatMap((trip) => (trip.kind === kind ? [trip.ms] : [])).sort((a, b) => a - b)
  const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? 0
  const [min] = times
  return min === undefined ? undefined : { count: times.length, min, median: at(0.5), p95: at(0.95) }
}
