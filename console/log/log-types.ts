import type { Readable } from '../shared/writable.js'

/** What an entry of the log is about. `note` tells of the connection: joined, refused, lost. */
export type LogKind = 'in' | 'out' | 'ack-in' | 'ack-out' | 'item' | 'note'

/** What is given to the log. */
export interface LogInput {
  readonly kind: LogKind
  /** Number of the identity: 1 or 2. */
  readonly identity: number
  /** Address of the namespace; empty for what concerns the whole connection. */
  readonly address: string
  /** Name of the event or emit; of a note, a few words. */
  readonly event: string
  readonly args: readonly unknown[]
  /** Milliseconds that an ack or a join took. */
  readonly ms?: number
  /** Whether it tells of an error: a refusal, an ack that is not `ok`. */
  readonly isError?: boolean
}

/** An entry. Its arguments are kept as their text only, so that many fit into the memory. */
export interface LogEntry extends Omit<LogInput, 'args'> {
  /** Counts from 1, and is never reused. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** The arguments as JSON, one list; binary data is `{ "$binary": "base64" }`: see log-text.ts. */
  readonly text: string
}

/** The log of everything in and out, bounded in entries and in bytes: the oldest go first. */
export interface LogStore {
  readonly add: (input: LogInput) => void
  /** Forgets all entries. */
  readonly clear: () => void
  /** How many entries it holds, and how many it has dropped. Set at most every 120 ms. */
  readonly counts: Readable<{ readonly held: number; readonly dropped: number; readonly total: number }>
  /** All entries, the oldest first; or only those with a number above `after`. */
  readonly entries: (after?: number) => readonly LogEntry[]
  /** Calls a function for each new entry, at once. Returns a function that ends it. */
  readonly onEntry: (listener: (entry: LogEntry) => void) => () => void
}
