import { createEntryQueue, type EntryQueue } from './entry-queue.js'
import { parseFilter } from './log-filter.js'
import type { LogEntry, LogStore } from './log-types.js'

/** What is shown of a log: the entries that the filter lets through. It stands still while it is paused. */
export interface LogView {
  readonly rows: EntryQueue
  readonly filter: string
  /** What is wrong with the filter. The last one without a problem stays in force. */
  readonly problem: string | undefined
  readonly isPaused: boolean
  /** How many entries of the log have come since the pause. */
  readonly waiting: number
  /** How many rows were ever added at the end, and how many have left at the start. */
  readonly added: number
  readonly left: number
  /** Takes what is new. Each entry is tested once. */
  readonly update: () => void
  readonly setFilter: (filter: string) => void
  readonly togglePause: () => void
  /** Forgets all entries, those that wait included. */
  readonly clear: () => void
}

/** Creates a view of a log, without a filter. */
export function createLogView(log: LogStore): LogView {
  const rows = createEntryQueue()
  let filter = ''
  let problem: string | undefined
  let test: ((entry: LogEntry) => boolean) | undefined
  let isPaused = false
  /** Number of the last entry that was tested. */
  let seen = 0
  let added = 0
  let left = 0

  function take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      seen = entry.number
      if (test && !test(entry)) continue
      rows.push(entry)
      added++
    }
  }

  function dropForgotten(): void {
    const { total, held } = log.counts.getSnapshot()
    for (let count = rows.indexOf(total - held + 1); count > 0; count--) {
      rows.shift()
      left++
    }
  }

  function update(): void {
    if (isPaused) return
    take(log.entries(seen))
    dropForgotten()
  }

  return {
    rows,
    get filter() {
      return filter
    },
    get problem() {
      return problem
    },
    get isPaused() {
      return isPaused
    },
    get waiting() {
      return isPaused ? Math.max(0, log.counts.getSnapshot().total - seen) : 0
    },
    get added() {
      return added
    },
    get left() {
      return left
    },
    update,
    setFilter(text) {
      filter = text
      const parsed = parseFilter(text)
      problem = parsed.problem
      if (parsed.problem !== undefined) return
      test = parsed.test
      const last = isPaused ? seen : Number.POSITIVE_INFINITY
      rows.clear()
      take(log.entries().filter(({ number }) => number <= last))
    },
    togglePause() {
      isPaused = !isPaused
      update()
    },
    clear() {
      log.clear()
      rows.clear()
      seen = log.counts.getSnapshot().total
    },
  }
}
