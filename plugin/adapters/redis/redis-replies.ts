import type { LogPosition, PlacedEntry } from '../broker.js'

/*
 * Reads what Redis replies: entries of streams, the server's time, and whether the server can be used.
 */

/** The entry of a stream, as Redis replies it: its id, and names and values in turn. */
export type StreamReply = readonly [id: string, fields: readonly string[]]

/** The streams of a reply to XREAD: nothing; a list of pairs; with RESP3 an object or a Map. */
export function readStreams(reply: unknown): [key: string, entries: readonly StreamReply[]][] {
  if (reply === null) return []
  if (Array.isArray(reply)) return reply
  return reply instanceof Map ? [...reply] : Object.entries(reply as Record<string, readonly StreamReply[]>)
}

/** The fields of an entry, in the order in which redis-broker.ts writes them. */
export const fieldsOf = (node: string, number: number, body: string) => ['n', node, 'k', String(number), 'b', body]

/** Reads an entry. Returns undefined for the mark at the beginning of a log, and null for what nobody of us has written. */
export function readEntry([position, fields]: StreamReply): PlacedEntry | undefined | null {
  if (fields[0] === 'm') return undefined
  const [n, node, k, digits, b, body] = fields
  const number = Number(digits)
  if (n !== 'n' || k !== 'k' || b !== 'b' || !node || body === undefined) return null
  return Number.isSafeInteger(number) && number > 0 ? { position, node, number, body } : null
}

/** The milliseconds of a position. */
export const timeOf = (position: LogPosition): number => Number(position.split('-')[0])

/** Whether one position is before another. */
export function isBefore(one: LogPosition, other: LogPosition): boolean {
  const [ms, count] = one.split('-').map(Number) as [number, number]
  const [otherMs, otherCount] = other.split('-').map(Number) as [number, number]
  return ms < otherMs || (ms === otherMs && count < otherCount)
}

/** What is wrong with a server, by its INFO; undefined if it will do. Valkey says a version of Redis, too. */
export function problemOfServer(info: string): [problem: string, remedy: string] | undefined {
  const [, major = '', minor = ''] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? []
  if (major && Number(major) * 100 + Number(minor) < 602)
    return [`is Redis ${major}.${minor}`, 'use Redis 6.2 or later, or Valkey']
  if (/^role:(slave|replica)/m.test(info))
    return ['is a replica, which can not be written to', 'connect to its primary']
  return undefined
}
