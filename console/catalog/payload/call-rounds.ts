import { onAbort } from '../../../plugin/client/readable.js'

/** How often to call, and how far apart. */
export interface RoundOptions {
  /** At most 1,000. */
  readonly times: number
  /** Milliseconds from the start of a call to that of the next. */
  readonly everyMs: number
  readonly signal: AbortSignal
}

/** One of several calls. */
export interface Round {
  readonly ms: number
  /** The code of its error; undefined if it has none. */
  readonly code?: string | undefined
}

/** What several calls came to. */
export interface RoundSummary {
  readonly ok: number
  readonly failed: number
  readonly minMs: number
  readonly medianMs: number
  readonly maxMs: number
  /** How often each code came. */
  readonly codes: Readonly<Record<string, number>>
}

export const MOST_ROUNDS = 1_000

/** Calls several times. A call does not wait for the one before it. Resolves when all have ended; the signal stops further ones. */
export async function callRounds(
  call: () => Promise<unknown>,
  { times, everyMs, signal }: RoundOptions,
): Promise<void> {
  const calls: Promise<unknown>[] = []
  for (let count = Math.min(times, MOST_ROUNDS); count > 0 && !signal.aborted; count--) {
    calls.push(call())
    if (count > 1) await wait(everyMs, signal)
  }
  await Promise.all(calls)
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      forget()
      resolve()
    }
    const timer = setTimeout(end, ms)
    const forget = onAbort(signal, end)
    if (signal.aborted) end()
  })
}

/** Summarizes calls. The times of those with an error count, too. */
export function summarizeRounds(rounds: readonly Round[]): RoundSummary {
  const times = rounds.map(({ ms }) => ms).sort((a, b) => a - b)
  const codes = new Map<string, number>()
  for (const { code } of rounds) if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1)
  const failed = rounds.filter(({ code }) => code !== undefined).length
  return {
    ok: rounds.length - failed,
    failed,
    minMs: times[0] ?? 0,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    maxMs: times.at(-1) ?? 0,
    codes: Object.fromEntries(codes),
  }
}
