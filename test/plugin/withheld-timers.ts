import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import promises from 'node:timers/promises'
import type { Test } from 'tap'

/*
 * A bound in time without a clock: a test that withholds the longer timers ends only if nothing has waited for one of them. How busy
 * the machine is makes no difference.
 */

type Callback = (...args: never[]) => unknown

const NEVER_MS = 2 ** 31 - 1

/** From now on, a timer or an interval of more than `longestMs` milliseconds never fires. Ends with the test. */
export function withholdTimers(t: Test, longestMs: number): void {
  const { setTimeout, setInterval } = globalThis
  const { setTimeout: wait } = promises
  const isWithheld = (ms?: number) => Number(ms) > longestMs
  const from = <Start extends typeof setTimeout | typeof setInterval>(start: Start) => {
    const begin = start as (callback: Callback, ms?: number, ...args: unknown[]) => NodeJS.Timeout
    const replaced = (callback: Callback, ms?: number, ...args: unknown[]) =>
      isWithheld(ms) ? begin(callback, NEVER_MS).unref() : begin(callback, ms, ...args)
    return Object.assign(replaced, start) as unknown as Start
  }
  const restored = { setTimeout, setInterval }
  const replaced = { setTimeout: from(setTimeout), setInterval: from(setInterval) }
  Object.assign(globalThis, replaced)
  Object.assign(timers, replaced)
  promises.setTimeout = (ms, value, options) =>
    isWithheld(ms) ? wait(NEVER_MS, value, { ...options, ref: false }) : wait(ms, value, options)
  syncBuiltinESMExports()
  t.teardown(() => {
    Object.assign(globalThis, restored)
    Object.assign(timers, restored)
    promises.setTimeout = wait
    syncBuiltinESMExports()
  })
}
