/*
 * Longer and shorter versions of texts and lists.
 */

// Longer ones would test the limits of the server, not the schema.
const LONGEST = 10_000

/** A text with another length; nothing if the value is no text, or if there is no such text. */
export function resizeText(value: unknown, length: number): readonly string[] {
  if (typeof value !== 'string' || !isPossible(length)) return []
  return [value.slice(0, length).padEnd(length, value.at(-1) ?? 'a')]
}

/** A list with another length. New items repeat the first one. */
export function resizeItems(value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value) || !isPossible(length) || (value.length === 0 && length > 0)) return []
  return [Array.from({ length }, (_, index) => value[index] ?? value[0])]
}

function isPossible(length: number): boolean {
  return Number.isSafeInteger(length) && length >= 0 && length <= LONGEST
}
