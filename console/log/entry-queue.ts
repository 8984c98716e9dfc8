import type { LogEntry } from './log-types.js'

/** Entries in the order of their numbers. New ones are added at the end; the oldest leave in amortised constant time. */
export interface EntryQueue {
  readonly size: number
  readonly at: (index: number) => LogEntry | undefined
  readonly push: (entry: LogEntry) => void
  /** Takes the oldest entry out. */
  readonly shift: () => LogEntry | undefined
  /** Index of the first entry with this number or a greater one. */
  readonly indexOf: (number: number) => number
  /** The entries from an index on. */
  readonly slice: (start?: number) => readonly LogEntry[]
  readonly clear: () => void
}

/** Creates an empty queue. */
export function createEntryQueue(): EntryQueue {
  let list: (LogEntry | undefined)[] = []
  let head = 0

  const slice = (start = 0) => list.slice(head + start) as LogEntry[] // Only what is before the head is undefined.

  return {
    get size() {
      return list.length - head
    },
    at: (index) => (index < 0 ? undefined : list[head + index]),
    push: (entry) => void list.push(entry),
    shift() {
      const entry = list[head]
      if (!entry) return undefined
      list[head++] = undefined
      // Half of the list is empty: what is copied now was paid for by as many shifts.
      if (head * 2 > list.length) {
        list = slice()
        head = 0
      }
      return entry
    },
    indexOf(number) {
      let from = head
      let to = list.length
      while (from < to) {
        const middle = (from + to) >> 1
        if ((list[middle]?.number ?? 0) < number) from = middle + 1
        else to = middle
      }
      return from - head
    },
    slice,
    clear() {
      list = []
      head = 0
    },
  }
}
