/*
 * A session as it is kept in the broker: what makes a socket on another node the same one. A wire format.
 */

export interface SessionRecord {
  readonly pid: string
  /** The id of the socket. */
  readonly sid: string
  readonly address: string
  /** To whom it belongs: joining/sessions/session-owner. */
  readonly owner: string
  /** The node of its socket. */
  readonly node: string
  /** The place in the log since which the socket receives events. */
  readonly since: string
  /** The place of the last event that was sent to it, or to others of its rooms; '' if there was none. */
  readonly sent: string
  /** The place up to which its node had read the log. */
  readonly read: string
  /** By room: the place in the log after which it has joined. */
  readonly rooms: ReadonlyMap<string, string>
  readonly data: unknown
}

export function writeRecord({ node, rooms, ...record }: SessionRecord): string {
  return JSON.stringify({ node, ...record, rooms: [...rooms] })
}

/** With what every record of a node begins. */
export function headOf(node: string): string {
  return `{"node":${JSON.stringify(node)},`
}

/** Reads what {@link writeRecord} has written; undefined for any other text. */
export function readRecord(text: string): SessionRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { rooms, data, ...rest } = Object(value) as Partial<Record<string, unknown>>
  const { pid, sid, address, owner, node, since, sent, read } = rest
  const fields = { pid, sid, address, owner, node, since, sent, read }
  if (!areStrings(Object.values(fields))) return undefined
  if (!Array.isArray(rooms) || !rooms.every((room) => Array.isArray(room) && room.length === 2 && areStrings(room))) {
    return undefined
  }
  return { ...(fields as Omit<SessionRecord, 'rooms' | 'data'>), rooms: new Map(rooms), data: data ?? {} }
}

function areStrings(values: readonly unknown[]): boolean {
  return values.every((each) => typeof each === 'string')
}
