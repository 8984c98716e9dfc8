/**
 * A text as it can be shown: what a reader would not see, or what would turn the text around it, is written as `\u202e`.
 * Line ends and tabs stay. An emoji of several parts stays whole.
 *
 * @param limit - how many characters of the text are shown; the rest becomes `…`. Default: 300.
 */
export function visibleText(text: string, limit = 300): string {
  if (text.length <= limit) return text.replace(INVISIBLE, toEscape)
  // Cut first: the text may have megabytes. Never between the halves of a surrogate pair.
  const end = HIGH_SURROGATE.test(text.charAt(limit - 1)) ? limit - 1 : limit
  return `${text.slice(0, end).replace(INVISIBLE, toEscape)}…`
}

/** Controls, what formats a text (bidi, zero width, tags), lone surrogates, and separators of lines. */
const INVISIBLE =
  /(?<!\ufe0f|[\p{Extended_Pictographic}\p{Emoji_Modifier}])\u200d|[^\P{Cc}\t\n]|[^\P{Cf}\u200d]|[\p{Cs}\p{Zl}\p{Zp}]/gu

const HIGH_SURROGATE = /[\ud800-\udbff]/

function toEscape(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
