/*
 * Patterns of a server, of which none may keep the page busy.
 */

const LONGEST = 10_000
// A repetition in a repeated group may take time that doubles with each character.
const NESTED = /\)(?:[*+]|\{)/

/** Whether a pattern matches a text. Also true if the page can't tell: the pattern is wrong, or would take long for this text. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (text.length > longestFor(pattern)) return true
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return true
  }
}

/** How long a text may be. Each repetition or alternative may multiply the steps by its length. */
function longestFor(pattern: string): number {
  const repetitions = (pattern.match(/[*+{|]/g)?.length ?? 0) + (pattern.startsWith('^') ? 0 : 1)
  if (repetitions > 1 && NESTED.test(pattern)) return 40 / repetitions
  return Math.min(LONGEST, 1e7 ** (1 / Math.max(1, repetitions)))
}
