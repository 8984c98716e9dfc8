import { createHash } from 'node:crypto'

/** Bytes. An index of PostgreSQL takes 2,700 for two names. */
const LONGEST = 512

/** Names a set, or a key within one, by any texts: as JSON, which every broker can store, or by its digest if that is long. */
export function retainedNameOf(...parts: readonly string[]): string {
  const name = JSON.stringify(parts)
  return Buffer.byteLength(name) <= LONGEST ? name : createHash('sha256').update(name).digest('base64url')
}
