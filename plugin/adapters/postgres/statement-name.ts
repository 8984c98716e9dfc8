import { createHash } from 'node:crypto'

const names = new Map<string, string>()

/** The name of a prepared statement, which no other text has: all who use a pool share its connections. */
export function statementNameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = createHash('sha256').update(text).digest('base64url')
  names.set(text, name)
  return name
}
