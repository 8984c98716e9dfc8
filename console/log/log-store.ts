import { createSubscribers } from '../../plugin/client/readable.js'
import { createWritable } from '../shared/writable.js'
import type { LogEntry, LogStore } from './log-types.js'

/** Creates an empty log. */
export function createLogStore(now: () => number = Date.now): LogStore {
  let entries: LogEntry[] = []
  let total = 0
  const counts = createWritable({ held: 0, dropped: 0, total: 0 })
  const listeners = createSubscribers<[entry: LogEntry]>()
  return {
    add({ args, ...rest }) {
      total++
      const entry = { ...rest, number: total, at: now(), text: JSON.stringify(args) }
      entries.push(entry)
      listeners.call(entry)
      counts.set({ held: entries.length, dropped: 0, total })
    },
    clear() {
      entries = []
      counts.set({ held: 0, dropped: 0, total })
    },
    counts,
    entries: () => entries,
    onEntry: listeners.add,
  }
}
