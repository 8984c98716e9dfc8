import { createHash } from 'node:crypto'
import type { LogEntry, LogPosition, RetainedPart, RetainedValue } from '../broker.js'
import type { RedisKeys } from './redis-keys.js'
import type { RedisLink } from './redis-link.js'
import { APPEND_RETAINED, READ_RETAINED } from './redis-scripts.js'

/*
 * Sets of retained values in Redis. They are changed by the script that appends the entry.
 */

/** How long the number of a node's last entry is kept: longer than a node tries to append an entry whose answer was lost. */
const NUMBER_MS = 86_400_000

const SHA1 = createHash('sha1').update(APPEND_RETAINED).digest('hex')

/** Those whose Redis has the script. A Redis that has lost it refuses its digest, which ends the link. */
const prepared = new WeakSet<RedisLink>()

/** Appends an entry with changes. `oldest`: the oldest id that is kept. */
export function appendRetained(
  link: RedisLink,
  keys: RedisKeys,
  log: number,
  { node, number, body, retained = [] }: LogEntry,
  oldest: string,
): Promise<unknown> {
  const names = [keys.log(log), keys.retainedBy(log, node)]
  const places = new Map<string, number>()
  const changes = retained.flatMap(({ set, key, value = '', most, ttlMs }) => {
    const place = places.get(set) ?? names.push(...keys.retained(set)) - 1
    places.set(set, place)
    return [String(place), key, value, String(most), String(ttlMs)]
  })
  const values = [oldest, node, String(number), body, String(NUMBER_MS), ...changes]
  const script = prepared.has(link) ? ['EVALSHA', SHA1] : ['EVAL', APPEND_RETAINED]
  prepared.add(link)
  return link.send([...script, String(names.length), ...names, ...values])
}

/** Reads sets. See `Broker.readRetained`. */
export async function readRetained(
  link: RedisLink,
  keys: RedisKeys,
  log: number,
  sets: readonly string[],
): Promise<RetainedPart> {
  const names = [keys.log(log), ...sets.flatMap((set) => keys.retained(set))]
  const reply = await link.send(['EVAL', READ_RETAINED, String(names.length), ...names])
  const [end, found] = reply as [LogPosition, string[][]]
  const values: RetainedValue[] = []
  for (const [index, set] of sets.entries()) {
    const pairs = found[index] as string[]
    for (let at = 0; at < pairs.length; at += 2)
      values.push({ set, key: String(pairs[at]), value: String(pairs[at + 1]) })
  }
  return { end, values }
}
