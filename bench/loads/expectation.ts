import { isDeepStrictEqual } from 'node:util'

/*
 * Checks answers: the first of each kind is parsed and compared, every later one must have the same bytes.
 */

export interface Expectation {
  /**
   * @param kind - counts from 0
   * @throws an Error with the answer if it is wrong
   */
  check(kind: number, buffer: Buffer, start: number, end: number): void
}

/**
 * @param want - returns the expected value of a kind
 * @param unwrap - returns the value in a parsed answer
 */
export function createExpectation(want: (kind: number) => unknown, unwrap: (value: unknown) => unknown): Expectation {
  const known: Buffer[] = []
  return {
    check(kind, buffer, start, end) {
      const bytes = known[kind]
      if (bytes !== undefined) {
        if (bytes.compare(buffer, start, end) !== 0) throw new Error(`not as before: ${textOf(buffer, start, end)}`)
        return
      }
      const value = unwrap(JSON.parse(textOf(buffer, start, end)))
      if (!isDeepStrictEqual(value, want(kind))) throw new Error(`not what was wanted: ${textOf(buffer, start, end)}`)
      known[kind] = Buffer.from(buffer.subarray(start, end))
    },
  }
}

function textOf(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('utf8', start, end)
}
