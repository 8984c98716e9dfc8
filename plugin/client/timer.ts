/** The longest delay of `setTimeout`: it takes a longer one for none at all. */
const LONGEST_MS = 2 ** 31 - 1

/** Calls a function after some time, which may be Infinity. */
export function startTimer(callback: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(callback, Math.min(delayMs, LONGEST_MS))
}
