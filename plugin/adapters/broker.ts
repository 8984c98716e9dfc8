/*
 * What an adapter needs of a broker: logs, each with one order for the whole cluster; messages between nodes; and sessions. A
 * broker knows nothing of Socket.IO. There is one file for each kind, in the folder of its name.
 */

/** A place in a log: one or two decimal numbers, e.g. `'1764491234567-3'` or `'42'`. Comparable within one epoch. */
export type LogPosition = string

/**
 * What an entry changes of the values that are retained: the broker knows nothing of what they are. The names of sets and keys are
 * those of retained-name.ts, and a value is JSON: any broker can store that.
 */
export interface RetainedChange {
  /** Names a set of values. It is changed by entries of one log only. */
  readonly set: string
  /** The key of the value within its set. */
  readonly key: string
  /** Undefined removes the key. */
  readonly value: string | undefined
  /** Values that the set keeps at most, from 1: those that were written longest ago are dropped. */
  readonly most: number
  /** How long the set is kept after its last change, in milliseconds. */
  readonly ttlMs: number
}

/** A value of a set. */
export interface RetainedValue {
  readonly set: string
  readonly key: string
  readonly value: string
}

/** What is retained at one moment. */
export interface RetainedPart {
  /** The end of the log at this moment. */
  readonly end: LogPosition
  /** Those of each set in the order in which they were written. */
  readonly values: readonly RetainedValue[]
}

/** What a node appends to a log. */
export interface LogEntry {
  /** The node's id. */
  readonly node: string
  /** 1 for the first entry of this node in this log, and one more for each that follows. */
  readonly number: number
  readonly body: string
  /**
   * Carried out, in order, in the step that appends the entry; not again if the entry of this node and number, or a later one of this
   * node, was appended with changes before. Not delivered.
   */
  readonly retained?: readonly RetainedChange[] | undefined
}

export interface PlacedEntry extends Omit<LogEntry, 'retained'> {
  readonly position: LogPosition
}

/**
 * What became of a log while the connection was lost.
 * `continuous`: everything since the last delivered entry is delivered.
 * `rolled back`: the log does not hold that entry any more, e.g. because the broker has restarted without it.
 * `trimmed`: the log has lost entries after it, because they are older than its window.
 */
export type LogContinuity = 'continuous' | 'rolled back' | 'trimmed'

/** What a broker calls. None of these functions throws. */
export interface BrokerReceiver {
  /** An entry of a followed log, in the order of the log, this node's own included. */
  receiveEntry(log: number, entry: PlacedEntry): void
  /** A message of another node, to this node or to all. Also a message of this node to all may arrive. */
  receiveMessage(body: string): void
  /** The connection was lost. The broker reconnects by itself. */
  lost(error: Error): void
  /** The connection is there: at first, or again after a loss. Before `resumed`. */
  connected(): void
  /**
   * Called for each followed log once the connection is back, before its next entry. A log that was rolled back is then delivered
   * from its start, or after the last entry that it still has of those that were delivered: the receiver knows what it has read.
   */
  resumed(log: number, continuity: LogContinuity): void
}

/** A part of a log. */
export interface LogPart {
  readonly entries: readonly PlacedEntry[]
  /** Whether entries after the requested position are gone: trimmed, or the position was never in this log. */
  readonly hasGap: boolean
}

/** A connection to a broker, of one node. It keeps itself connected from `open()` to `close()`; no loss ends the process. */
export interface Broker {
  /** The kind, for the log: `redis`. */
  readonly kind: string
  /** Whether an append can reach the broker now. */
  readonly isConnected: boolean
  /** @throws (rejects) if the broker can't be reached in time, or refuses the connection */
  open(receiver: BrokerReceiver): Promise<void>
  /**
   * Appends an entry. Calls may be pipelined; entries arrive in the order of the calls.
   *
   * @returns resolves with its position when the broker has it; rejects if the connection was lost before the answer, when nobody
   * knows
   */
  append(log: number, entry: LogEntry): Promise<LogPosition>
  /** Starts to deliver a log. Resolves with its end: what comes after that is delivered. */
  follow(log: number): Promise<LogPosition>
  unfollow(log: number): void
  /** Reads up to `limit` entries after a position, and at least one, if there is one; `'0'`: from the start of the window. */
  read(log: number, after: LogPosition, limit: number): Promise<LogPart>
  /** Reads sets of a log, in one step: what entries up to the end of the log have changed, and no later one. */
  readRetained(log: number, sets: readonly string[]): Promise<RetainedPart>
  /** Sends a message to a node, or to all; it may be lost with the connection. */
  send(node: string | undefined, body: string): void
  /** The identity of the stored data: another one after everything was lost. */
  epoch(): Promise<string>
  /** Gives the stored data another identity, unless another node did so since `old`. Data without one, e.g. none at all, get one. */
  renewEpoch(old: string): Promise<string>
  /**
   * Writes a session where there is none, or where the stored text begins with `head`: a node that was stopped does not overwrite what
   * another one has taken over. Every text begins with `''`.
   *
   * @returns whether it was written
   */
  putSession(id: string, text: string, ttlMs: number, head: string): Promise<boolean>
  /** Reads a session and removes it, in one step: of two nodes, one gets it. */
  takeSession(id: string): Promise<string | undefined>
  /** Reads a session, and leaves it. */
  readSession(id: string): Promise<string | undefined>
  /** Lets sessions live for another `ttlMs`. Resolves with those that are not there, or not any more. */
  keepSessions(ids: readonly string[], ttlMs: number): Promise<readonly string[]>
  dropSession(id: string): Promise<void>
  /** Ends within a second, also without a connection, and leaves no handle. */
  close(): Promise<void>
}

/** What every kind of broker is created with. */
export interface BrokerSettings {
  /** The id of this node, new for each start. */
  readonly node: string
  /** Begins the names of all keys, channels and tables. */
  readonly prefix: string
  /** How long a log keeps an entry, in milliseconds. */
  readonly windowMs: number
  readonly connectTimeoutMs: number
  /** Whether `open()` waits for a broker that is down, in place of rejecting. A failure that waiting does not mend rejects it. */
  readonly waitForBroker: boolean
  /** Called when `open()` has failed for the first time, and goes on. From then on it does not reject. */
  readonly onWait?: () => void
  /** Called with what is worth a line in the log; once a kind, not once an event. */
  readonly warn: (message: string, error?: unknown) => void
}
