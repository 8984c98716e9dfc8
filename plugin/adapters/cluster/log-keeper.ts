import { randomUUID } from 'node:crypto'
import type { LogContinuity, LogEntry, LogPosition, PlacedEntry, RetainedPart } from '../broker.js'
import { KeptLog } from './kept-log.js'
import { KeptRetained } from './kept-retained.js'
import { KeptSessions } from './kept-sessions.js'

/*
 * A broker in the memory of one process: logs, sessions and messages. The primary of a Node.js cluster has one for its workers.
 */

/** A connection of a node, as the keeper sees it. */
export interface KeeperClient {
  readonly node: string
  deliver(log: number, entry: PlacedEntry): void
  tell(body: string): void
}

export interface LogKeeperOptions {
  /** Milliseconds. @defaultValue `performance.now` */
  readonly now?: () => number
  /** Characters that each log keeps. @defaultValue 33_554_432 */
  readonly logLength?: number
  /** Characters of all sessions. @defaultValue 134_217_728 */
  readonly sessionsLength?: number
  /** Characters of all values that are retained. @defaultValue 67_108_864 */
  readonly retainedLength?: number
}

const LOG_LENGTH = 33_554_432
const SESSIONS_LENGTH = 134_217_728
const RETAINED_LENGTH = 67_108_864

export class LogKeeper {
  readonly sessions: KeptSessions
  readonly #retained: KeptRetained
  readonly #now: () => number
  readonly #logLength: number
  readonly #logs = new Map<number, KeptLog>()
  readonly #connections = new Set<KeeperClient>()
  #epoch: string = randomUUID()

  constructor(options: LogKeeperOptions = {}) {
    const { now = () => performance.now(), logLength = LOG_LENGTH, sessionsLength = SESSIONS_LENGTH } = options
    this.#now = now
    this.#logLength = logLength
    this.sessions = new KeptSessions(sessionsLength, now)
    this.#retained = new KeptRetained(options.retainedLength ?? RETAINED_LENGTH, now)
  }

  get epoch(): string {
    return this.#epoch
  }

  attach(connection: KeeperClient): void {
    this.#connections.add(connection)
  }

  detach(connection: KeeperClient): void {
    this.#connections.delete(connection)
  }

  logOf(log: number): KeptLog {
    const kept = this.#logs.get(log) ?? new KeptLog(this.#logLength)
    this.#logs.set(log, kept)
    return kept
  }

  append(log: number, entry: LogEntry, windowMs: number): LogPosition {
    const placed = this.logOf(log).append(entry, this.#now(), windowMs)
    if (entry.retained) this.#retained.change(log, entry, entry.retained)
    for (const connection of this.#connections) connection.deliver(log, placed)
    return placed.position
  }

  readRetained(log: number, sets: readonly string[]): RetainedPart {
    return { end: this.logOf(log).end, values: this.#retained.read(sets) }
  }

  /** What became of a log since a node has read up to a position, in an epoch. */
  continuityOf(log: number, position: LogPosition, epoch: string): LogContinuity {
    const kept = this.logOf(log)
    // Another node may have renewed the epoch, and appended beyond the position.
    if (epoch !== this.#epoch || kept.isBehind(position)) return 'rolled back'
    return kept.read(position, 0).hasGap ? 'trimmed' : 'continuous'
  }

  send(node: string | undefined, body: string): void {
    for (const connection of this.#connections) {
      if (node === undefined || connection.node === node) connection.tell(body)
    }
  }

  renewEpoch(old: string): string {
    if (this.#epoch === old) this.#epoch = randomUUID()
    return this.#epoch
  }
}
