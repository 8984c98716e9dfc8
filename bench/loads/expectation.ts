import { isDeepStrictEqual } from 'node:util'

/*
 * What answers must be: the first of each kind is read and compared, the others must have its bytes.
 */

export interface Expectation {
  /** throws an Error with what came instead. `kind` counts from 0. */
  check(kind: number, buffer: Buffer, start: number, end: number): void
}

/** `want` gives the content of a kind; `unwrap` what a JSON text has to say. */
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
