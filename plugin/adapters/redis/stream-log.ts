import type { LogEntry, LogPart, LogPosition, PlacedEntry } from '../broker.js'
import { PageSize } from '../page-size.js'
import type { RedisKeys } from './redis-keys.js'
import { ANSWER_MS, type RedisLink } from './redis-link.js'
import { fieldsOf, readEntry, type StreamReply } from './redis-replies.js'
import { LAST_UP_TO } from './redis-scripts.js'
import { appendRetained } from './retained-sets.js'

/*
 * A log as a stream of Redis.
 */

/** Entries of one part. */
const MOST_ENTRIES = 100

type SendCommand = (command: readonly string[]) => Promise<unknown>

/** Appends an entry, and lets Redis drop what is older than the window. Returns the position. */
export function appendTo(link: RedisLink, keys: RedisKeys, log: number, entry: LogEntry, windowMs: number) {
  const { node, number, body, retained } = entry
  const oldest = String(link.now() - windowMs)
  if (retained) return appendRetained(link, keys, log, entry, oldest)
  return link.send(['XADD', keys.log(log), 'MINID', '~', oldest, '*', ...fieldsOf(node, number, body)])
}

/** The last entry of a log. An empty log gets a mark, so that there is a position to read on from. */
export async function endOf(link: RedisLink, key: string): Promise<LogPosition> {
  const last = await link.send(['EVAL', LAST_UP_TO, '1', key, '+'])
  return (last ?? (await link.send(['XADD', key, '*', 'm', '1']))) as LogPosition
}

/** Returns what reads the stream of any key, after a position: see `Broker.read`. */
export function createReading(send: SendCommand) {
  const page = new PageSize(MOST_ENTRIES, ANSWER_MS)
  return (key: string, after: LogPosition, limit: number): Promise<LogPart> =>
    page.measure(
      (size) => readPart(send, key, after, Math.min(limit, size)),
      ({ entries }) => entries.length,
    )
}

async function readPart(send: SendCommand, key: string, after: LogPosition, limit: number): Promise<LogPart> {
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
