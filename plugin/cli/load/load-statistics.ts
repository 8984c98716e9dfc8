import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/*
 * What a load run has measured, in bounded memory.
 */

/** Milliseconds. */
export interface Latency {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** One kind of step. */
export interface Measured {
  readonly count: number
  readonly failed: number
  readonly latency: Latency
}

/** A piece of the time. */
export interface LoadMoment {
  /** Milliseconds since the start, at its end. */
  readonly atMs: number
  readonly clients: number
  readonly callsPerSecond: number
  readonly errorsPerSecond: number
  /** Milliseconds; of its calls. */
  readonly p50: number
  readonly p99: number
}

export interface LoadFigures {
  readonly durationMs: number
  readonly joins: Measured
  readonly calls: Measured
  /** All other steps. */
  readonly others: number
  readonly callsPerSecond: number
  /** How often an iteration began late, because the one before it had not ended. */
  readonly late: number
  readonly errors: Readonly<Record<string, number>>
  readonly timeline: readonly LoadMoment[]
}

export type StepKind = 'join' | 'call' | 'other'

export interface LoadStatistics {
  /** `code`: of the error, if the step has failed. */
  record(kind: StepKind, milliseconds: number, code: string | undefined): void
  recordLate(): void
  /** Ends a piece of the timeline. */
  endMoment(atMs: number, clients: number): LoadMoment
  figures(durationMs: number): LoadFigures
}

// The codes are the server's: there may be any number of them.
const MOST_CODES = 100

export function createLoadStatistics(): LoadStatistics {
  const histograms = { join: createHistogram(), call: createHistogram() }
  const moment = createHistogram()
  const counts = { join: 0, call: 0, other: 0 }
  const failed = { join: 0, call: 0, other: 0 }
  const errors = new Map<string, number>()
  const timeline: LoadMoment[] = []
  let [late, errorsBefore, lastMs] = [0, 0, 0]

  function countError(code: string): void {
    const key = errors.has(code) || errors.size < MOST_CODES ? code : 'others'
    errors.set(key, (errors.get(key) ?? 0) + 1)
  }

  const measured = (kind: 'join' | 'call'): Measured => ({
    count: counts[kind],
    failed: failed[kind],
    latency: readLatency(histograms[kind]),
  })

  return {
    record(kind, milliseconds, code) {
      counts[kind]++
      if (code !== undefined) {
        failed[kind]++
        countError(code)
        return
      }
      if (kind === 'other') return
      const microseconds = Math.max(1, Math.round(milliseconds * 1000))
      histograms[kind].record(microseconds)
      if (kind === 'call') moment.record(microseconds)
    },

    recordLate() {
      late++
    },

    endMoment(atMs, clients) {
      const seconds = Math.max(atMs - lastMs, 1) / 1000
      const total = failed.join + failed.call + failed.other
      const { p50, p99 } = readLatency(moment)
      const ended: LoadMoment = {
        atMs: Math.round(atMs),
        clients,
        callsPerSecond: round(moment.count / seconds),
        errorsPerSecond: round((total - errorsBefore) / seconds),
        p50,
        p99,
      }
      timeline.push(ended)
      moment.reset()
      errorsBefore = total
      lastMs = atMs
      return ended
    },

    figures: (durationMs) => ({
      durationMs: Math.round(durationMs),
      joins: measured('join'),
      calls: measured('call'),
      others: counts.other,
      callsPerSecond: round((counts.call - failed.call) / (durationMs / 1000)),
      late,
      errors: Object.fromEntries([...errors].sort(([, one], [, other]) => other - one)),
      timeline,
    }),
  }
}

/** Of successful steps; all 0 if there is none. */
function readLatency(histogram: RecordableHistogram): Latency {
  if (histogram.count === 0) return { mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 }
  const at = (percent: number) => round(histogram.percentile(percent) / 1000)
  return { mean: round(histogram.mean / 1000), p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: at(100) }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
