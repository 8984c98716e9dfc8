import type { LogEntry, LogPart, LogPosition, PlacedEntry } from '../broker.js'
import type { RedisLink } from './redis-link.js'
import { fieldsOf, readEntry, type StreamReply } from './redis-replies.js'

/*
 * A log as a stream of Redis.
 */

/** Appends an entry, and lets Redis drop what is older than the window. Returns the position. */
export function appendTo(link: RedisLink, key: string, { node, number, body }: LogEntry, windowMs: number) {
  const oldest = String(link.now() - windowMs)
  return link.send(['XADD', key, 'MINID', '~', oldest, '*', ...fieldsOf(node, number, body)])
}

/** The last entry of a log. An empty log gets a mark, so that there is a position to read on from. */
export async function endOf(link: RedisLink, key: string): Promise<LogPosition> {
  const [last] = (await link.send(['XREVRANGE', key, '+', '-', 'COUNT', '1'])) as StreamReply[]
  return last ? last[0] : ((await link.send(['XADD', key, '*', 'm', '1'])) as LogPosition)
}

/** Reads up to `limit` entries after a position; see `Broker.read`. */
export async function readPart(
  send: (command: readonly string[]) => Promise<unknown>,
  key: string,
  after: LogPosition,
  limit: number,
): Promise<LogPart> {
  const isStart = after === '0'
  const found = isStart ? [after] : ((await send(['XRANGE', key, after, after])) as unknown[])
  const entries: PlacedEntry[] = []
  let from = isStart ? '-' : `(${after}`
  for (let isMore = true; isMore; ) {
    const count = limit - entries.length
    const replies = (await send(['XRANGE', key, from, '+', 'COUNT', String(count)])) as StreamReply[]
    for (const reply of replies) {
      from = `(${reply[0]}`
      const entry = readEntry(reply)
      if (entry) entries.push(entry)
    }
    // Marks, and what no node has written, do not count.
    isMore = replies.length === count && entries.length < limit
  }
  return { entries, hasGap: found.length === 0 }
}
