import { createSubscribers } from '../../plugin/client/readable.js'
import type { Draft, Drafts } from './workspace.js'

/** Keeps the drafts of a page, in memory only. */
export function createDrafts(): Drafts {
  const drafts = new Map<string, Draft>()
  const subscribers = createSubscribers<[]>()
  const keyOf = (...parts: readonly (string | number)[]) => JSON.stringify(parts)
  return {
    get: (identity, name, event) => drafts.get(keyOf(identity, name, event)),
    set(identity, name, event, draft) {
      drafts.set(keyOf(identity, name, event), draft)
      subscribers.call()
    },
    subscribe: subscribers.add,
  }
}
