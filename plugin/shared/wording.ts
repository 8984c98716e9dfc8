/*
 * Wording of messages: the type of a value, and "did you mean" suggestions for a misspelt name.
 */

/** The type of a value as a message shows it: `typeof`, but `null` for null and `array` for an array. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

// Bounds for names that clients send: the length of a name, and how many known names it is compared with.
const LONGEST = 64
const MOST = 200

/**
 * Finds the known word that is nearest to a misspelt one.
 *
 * @param word - anything that a client may send
 * @returns the known word, or undefined if none is near
 */
export function findNearest(word: string, known: Iterable<string>): string | undefined {
  if (typeof word !== 'string' || word.length > LONGEST) return undefined
  const wanted = word.toLowerCase()
  let nearest: string | undefined
  let most = typosIn(word)
  let left = MOST
  for (const candidate of known) {
    if (left-- === 0) break
    if (Math.abs(candidate.length - word.length) > most) continue
    const distance = countTypos(wanted, candidate.toLowerCase(), most)
    if (distance > most) continue
    nearest = candidate
    // From now on only a nearer word counts.
    most = distance - 1
    if (most < 0) break
  }
  return nearest
}

/** The beginning of a remedy, e.g. `did you mean "message:send"? `; an empty string if no known word is near. */
export function suggest(word: string, known: Iterable<string>): string {
  const nearest = findNearest(word, known)
  return nearest === undefined ? '' : `did you mean ${JSON.stringify(nearest)}? `
}

/** How many typos a word of that length may have. */
function typosIn({ length }: string): number {
  if (length < 3) return 0
  return length < 6 ? 1 : length < 10 ? 2 : 3
}

/**
 * The edit distance of two words, where swapping two neighbouring letters is one edit.
 *
 * @param most - the largest distance of interest. Only cells this near to the diagonal are computed, in linear time.
 * @returns the distance, or `most + 1` for any larger one
 */
function countTypos(one: string, other: string, most: number): number {
  const tooMany = most + 1
  let before: number[] = []
  let above = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = new Array<number>(other.length + 1).fill(tooMany)
    if (row <= most) current[0] = row
    const last = Math.min(other.length, row + most)
    let least = current[0] as number
    for (let column = Math.max(1, row - most); column <= last; column++) {
      const isSame = one[row - 1] === other[column - 1]
      let count = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (isSame ? 0 : 1))
      const isSwapped = row > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      if (isSwapped) count = Math.min(count, at(before, column - 2) + 1)
      current[column] = count
      least = Math.min(least, count)
    }
    if (least > most) return tooMany
    before = above
    above = current
  }
  return at(above, other.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] as number
}
