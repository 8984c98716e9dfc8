import { createSubscribers } from '../../plugin/client/readable.js'
import { createWritable } from '../shared/writable.js'
import { createEntryQueue } from './entry-queue.js'
import { toLogText } from './log-text.js'
import type { LogEntry, LogStore } from './log-types.js'

/** The bounds of a log, and its clock. */
export interface LogStoreSettings {
  /** Default: 150,000. */
  readonly maxEntries?: number
  /** An estimate of the memory that the entries take. Default: 64 MB. */
  readonly maxBytes?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly later?: (callback: () => void, ms: number) => unknown
  /** Removes secrets from what is kept. */
  readonly redact?: (text: string) => string
}

const COUNT_INTERVAL_MS = 120
/** What an entry takes beside its text. */
const ENTRY_BYTES = 200
/** Text with one of these takes two bytes a character. */
const WIDE = /[^\0-\xff]/

/** Creates an empty log. */
export function createLogStore({
  maxEntries = 150_000,
  maxBytes = 64_000_000,
  now = Date.now,
  later = setTimeout,
  redact = (text) => text,
}: LogStoreSettings = {}): LogStore {
  const queue = createEntryQueue()
  const listeners = createSubscribers<[entry: LogEntry]>()
  const counts = createWritable({ held: 0, dropped: 0, total: 0 })
  let total = 0
  let dropped = 0
  let bytes = 0
  let isWaiting = false

  function publish(): void {
    counts.set({ held: queue.size, dropped, total })
  }

  /** The first entry is told at once, the next ones together. */
  function publishSoon(): void {
    if (isWaiting) return
    isWaiting = true
    publish()
    later(() => {
      isWaiting = false
      if (counts.getSnapshot().total !== total) publishSoon()
    }, COUNT_INTERVAL_MS)
  }

  return {
    add({ kind, identity, address, event, args, ms, isError }) {
      let text = redact(toLogText(args))
      if (sizeOf(text) > maxBytes) text = `["(${text.length} characters: too long for the log)"]`
      // Not by a spread: V8 would make a hash table of each entry, which takes ten times as long to filter.
      const entry: LogEntry = { number: ++total, at: now(), kind, identity, address, event, text }
      if (ms !== undefined) Object.assign(entry, { ms })
      if (isError) Object.assign(entry, { isError })
      queue.push(entry)
      bytes += sizeOf(text)
      while (queue.size > maxEntries || bytes > maxBytes) {
        bytes -= sizeOf(queue.shift()?.text ?? '')
        dropped++
      }
      listeners.call(entry)
      publishSoon()
    },
    clear() {
      queue.clear()
      bytes = 0
      publish()
    },
    counts,
    entries: (after = 0) => queue.slice(after === 0 ? 0 : queue.indexOf(after + 1)),
    onEntry: listeners.add,
  }
}

function sizeOf(text: string): number {
  return ENTRY_BYTES + text.length * (WIDE.test(text) ? 2 : 1)
}
