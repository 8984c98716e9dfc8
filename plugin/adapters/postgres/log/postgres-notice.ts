/*
 * What a notification of a log says: the place of an entry, and the entry itself, unless it is too long for a notification.
 */

/** Bytes that a payload may have. */
export const LONGEST_PAYLOAD = 7_999

/** An expression of SQL: the payload for a row with `position`, `node`, `number` and `body`. */
export const ENTRY_PAYLOAD = `concat(position, ' ', number, ' ', node,
  CASE WHEN octet_length(node) + octet_length(body) < ${LONGEST_PAYLOAD - 64} THEN E'\\n' || body END)`

const HEADER = /^(\d{1,15}) (\d{1,15}) (.+)$/

/** Where an entry stands, and which one it is. */
export interface Place {
  readonly position: number
  readonly node: string
  readonly number: number
}

export interface LogNotice extends Place {
  readonly body: string | undefined
}

/** Reads a payload; `undefined`: it is of somebody else. */
export function readNotice(payload: string): LogNotice | undefined {
  const end = payload.indexOf('\n')
  const [header, position, number, node = ''] = HEADER.exec(end < 0 ? payload : payload.slice(0, end)) ?? []
  if (header === undefined) return undefined
  const body = end < 0 ? undefined : payload.slice(end + 1)
  return { position: Number(position), node, number: Number(number), body }
}
