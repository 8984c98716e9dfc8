import type { PlacedEntry } from '../broker.js'

/*
 * What a notification of a log says: an entry, or, where the entry is too long for a notification, only its position.
 */

/** Bytes that a payload may have. */
export const LONGEST_PAYLOAD = 7_999

/** An expression of SQL: the payload for a row with `position`, `node`, `number` and `body`. */
export const ENTRY_PAYLOAD = `CASE WHEN octet_length(node) + octet_length(body) < ${LONGEST_PAYLOAD - 64}
  THEN concat(position, ' ', number, ' ', node, E'\\n', body) ELSE position::text END`

const HEADER = /^(\d{1,15})(?: (\d{1,15}) (.+))?$/

export interface LogNotice {
  readonly position: number
  readonly entry: PlacedEntry | undefined
}

/** Reads a payload; `undefined`: it is of somebody else. */
export function readNotice(payload: string): LogNotice | undefined {
  const end = payload.indexOf('\n')
  const [header, position, number, node] = HEADER.exec(end < 0 ? payload : payload.slice(0, end)) ?? []
  if (header === undefined || position === undefined || end < 0 !== (node === undefined)) return undefined
  const entry =
    node === undefined ? undefined : { position, node, number: Number(number), body: payload.slice(end + 1) }
  return { position: Number(position), entry }
}
