import type { NormalPresence } from '../definition/presence/read-presence.js'
import { logError } from '../shared/log/error-log.js'
import { createPace, type PresenceClock } from './presence-clock.js'
import type { PresenceSubject } from './presence-values.js'

/*
 * Calls the `fetch` of a definition: once for all keys that have come within a few milliseconds.
 */

type Fetching = Pick<PresenceSubject, 'presence' | 'instance'>
type UseFound = (found: unknown) => void

/** Calls `done` with what the `fetch` of a definition has found of a key; with undefined if nothing. */
export type FetchMeta = (fetching: Fetching, key: string, done: UseFound) => void

const EVERY_MS = 20
const TIMEOUT_MS = 5_000

export function createMetaFetches(clock: PresenceClock): FetchMeta {
  const fetches = new WeakMap<NormalPresence, (key: string, done: UseFound) => void>()
  return (fetching, key, done) => {
    const fetch = fetches.get(fetching.presence) ?? createFetch(clock, fetching)
    fetches.set(fetching.presence, fetch)
    fetch(key, done)
  }
}

function createFetch(clock: PresenceClock, { presence, instance }: Fetching): (key: string, done: UseFound) => void {
  const fetch = presence.fetch as NonNullable<NormalPresence['fetch']>
  /** Those who wait for a key that is fetched, or that is about to be. */
  const waiting = new Map<string, UseFound[]>()
  const keys: string[] = []
  const pace = createPace(clock, EVERY_MS, () => void run(keys.splice(0)))

  async function run(batch: readonly string[]): Promise<void> {
    const found = await findAll(batch)
    for (const [at, key] of batch.entries()) {
      const calls = waiting.get(key) as UseFound[]
      waiting.delete(key)
      for (const done of calls) done(found[at])
    }
  }

  /** What is found of each key, in their order. */
  async function findAll(batch: readonly string[]): Promise<readonly unknown[]> {
    try {
      const found = await inTime((async () => fetch.call(instance, batch))())
      if (found instanceof Map) return batch.map((key) => found.get(key))
      return batch.map((key) => (Object.hasOwn(Object(found), key) ? Object(found)[key] : undefined))
    } catch (error) {
      logError(instance.log, error, { keys: batch.length }, 'the meta of people was not completed')
      return []
    }
  }

  async function inTime(found: Promise<unknown>): Promise<unknown> {
    let cancel!: () => void
    const late = new Promise((_resolve, reject) => {
      const fail = () => reject(new Error(`presence.fetch has taken more than ${TIMEOUT_MS} ms`))
      cancel = clock.after(TIMEOUT_MS, fail)
    })
    return Promise.race([found, late]).finally(cancel)
  }

  return (key, done) => {
    const calls = waiting.get(key)
    if (calls) {
      calls.push(done)
      return
    }
    waiting.set(key, [done])
    keys.push(key)
    pace.request()
  }
}
