/*
 * Words for messages: of what kind a value is, and which of the known words was meant.
 */

/** Of what kind a value is, as a message says it: `typeof`, but null is null, and an array is one. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

// A word of a client is compared with the known ones: so many, and none that is longer.
const LONGEST = 64
const MOST = 200

/** The known word that is nearest to one that is not known; undefined where none is near. It takes whatever a client may send. */
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
    // Only a nearer one is better.
    most = distance - 1
    if (most < 0) break
  }
  return nearest
}

/** `did you mean "message:send"? ` before what else there is to say; nothing where no known word is near. */
export function suggest(word: string, known: Iterable<string>): string {
  const nearest = findNearest(word, known)
  return nearest === undefined ? '' : `did you mean ${JSON.stringify(nearest)}? `
}

/** How many slips a word may have, and still be meant. */
function typosIn({ length }: string): number {
  if (length < 3) return 0
  return length < 6 ? 1 : length < 10 ? 2 : 3
}

/**
 * Letters that were left out, added, changed or swapped between two words; more than `most` is one more. Only what is within
 * `most` of the diagonal is looked at, so it takes a time that grows with the length, and not with its square.
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
