/*
 * The time, and timers. Tests have a clock of their own.
 */

export interface PresenceClock {
  /** Milliseconds; never goes back. */
  now(): number
  /** Milliseconds since 1970: comparable between nodes, more or less. */
  wall(): number
  /** Calls `run` once, after `ms` milliseconds. Returns a function that prevents it. */
  after(ms: number, run: () => void): () => void
}

export const SYSTEM_CLOCK: PresenceClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** Runs something that was requested, however often it is requested. */
export interface Pace {
  request(): void
  close(): void
}

/** Creates a pace: the first run is in the next tick, and the next one `everyMs` milliseconds later at the earliest. */
export function createPace(clock: PresenceClock, everyMs: number, run: () => void): Pace {
  let next = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  return {
    request() {
      cancel ??= clock.after(Math.max(0, next - clock.now()), () => {
        cancel = undefined
        next = clock.now() + everyMs
        run()
      })
    },
    close() {
      cancel?.()
      cancel = undefined
    },
  }
}
