import type { LogEntry, RetainedChange } from '../broker.js'
import type { KeeperConnection } from './keeper-connection.js'

/*
 * What a worker may ask of the keeper in its primary. Each argument is checked: nothing that a worker sends may end the primary.
 */

/** Entries that one call reads. */
const MOST_ENTRIES = 10_000
const MOST_LOGS = 64

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text')
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number')
  return value
}

function log(value: unknown): number {
  const log = number(value)
  if (!Number.isInteger(log) || log < 0 || log >= MOST_LOGS) throw new TypeError('not a log')
  return log
}

function entry(value: unknown): LogEntry {
  const { node, number: count, body, retained } = Object(value) as Partial<Record<keyof LogEntry, unknown>>
  const added = { node: text(node), number: number(count), body: text(body) }
  return retained === undefined ? added : { ...added, retained: list(retained).map(change) }
}

function change(value: unknown): RetainedChange {
  const { set, key, value: written, most, ttlMs } = Object(value) as Partial<Record<keyof RetainedChange, unknown>>
  const named = { set: text(set), key: text(key), most: number(most), ttlMs: number(ttlMs) }
  return { ...named, value: written === undefined ? undefined : text(written) }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('no list')
  return value
}

function texts(value: unknown): string[] {
  return list(value).map(text)
}

const CALLS = {
  append: (keeper, [to, added]) => keeper.append(log(to), entry(added)),
  follow: (keeper, [of]) => keeper.follow(log(of)),
  unfollow: (keeper, [of]) => keeper.unfollow(log(of)),
  read: (keeper, [of, after, limit]) => keeper.read(log(of), text(after), Math.min(number(limit), MOST_ENTRIES)),
  readRetained: (keeper, [of, sets]) => keeper.readRetained(log(of), texts(sets)),
  send: (keeper, [to, body]) => keeper.send(to === null || to === undefined ? undefined : text(to), text(body)),
  epoch: (keeper) => keeper.epoch(),
  renewEpoch: (keeper, [old]) => keeper.renewEpoch(text(old)),
  putSession: (keeper, [id, body, ttlMs, head]) => keeper.putSession(text(id), text(body), number(ttlMs), text(head)),
  takeSession: (keeper, [id]) => keeper.takeSession(text(id)),
  readSession: (keeper, [id]) => keeper.readSession(text(id)),
  keepSessions: (keeper, [ids, ttlMs]) => keeper.keepSessions(texts(ids), number(ttlMs)),
  dropSession: (keeper, [id]) => keeper.dropSession(text(id)),
} satisfies Record<string, (keeper: KeeperConnection, args: readonly unknown[]) => unknown>

export type KeeperCall = keyof typeof CALLS

/**
 * Carries out a call.
 *
 * @throws (rejects) if there is no such call, if an argument is wrong, or if the keeper's connection is cut
 */
export async function callKeeper(keeper: KeeperConnection, call: unknown, args: unknown): Promise<unknown> {
  if (!Object.hasOwn(CALLS, String(call)) || !Array.isArray(args)) throw new TypeError('no such call')
  return await CALLS[call as KeeperCall](keeper, args)
}
