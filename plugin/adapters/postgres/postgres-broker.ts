import type { Broker, BrokerReceiver, BrokerSettings, LogEntry, LogPart, LogPosition, RetainedPart } from '../broker.js'
import { FST_NSP_BROKER_UNREACHABLE } from '../broker-errors.js'
import { remedyOf } from '../permanent-failure.js'
import { createAppends } from './log/postgres-appends.js'
import { PostgresLog } from './log/postgres-log.js'
import { createReading } from './log/postgres-rows.js'
import { startCleaning } from './postgres-cleaning.js'
import { PostgresConnection } from './postgres-connection.js'
import { readEpoch, renewEpoch } from './postgres-epoch.js'
import { PostgresMessages } from './postgres-messages.js'
import { createPool, lendPool, type OpenPool, type PgPool } from './postgres-pool.js'
import { PostgresSessions } from './postgres-sessions.js'
import { namesOf, type PostgresNames, prepareDatabase, quoted } from './postgres-tables.js'
import { readRetained } from './retained-table.js'

/*
 * The broker over PostgreSQL: tables for what is kept, and notifications of what is new.
 */

/** Milliseconds between two deletions of what is older than the window. */
const LONGEST_CLEANING_MS = 15_000

export interface PostgresBrokerSettings extends BrokerSettings {
  /** One of them is given. */
  readonly url?: string | undefined
  readonly pool?: object | undefined
}

/**
 * Creates the broker, and loads `pg` for a url. Nothing connects before it is opened.
 *
 * @throws FST_NSP_BROKER_MISSING if `pg` is not installed
 */
export async function createPostgresBroker(settings: PostgresBrokerSettings): Promise<Broker> {
  const { url, pool, connectTimeoutMs } = settings
  const open = pool ? lendPool(pool as PgPool) : await createPool(String(url), connectTimeoutMs)
  return new PostgresBroker(open, settings)
}

class PostgresBroker implements Broker {
  readonly kind = 'postgres'
  readonly #settings: BrokerSettings
  readonly #names: PostgresNames
  readonly #connection: PostgresConnection
  readonly #sessions: PostgresSessions
  readonly #messages: PostgresMessages
  readonly #read: Broker['read']
  readonly #logs = new Map<number, PostgresLog>()
  /** Who reads the notifications of a channel, and says whether it could. */
  readonly #readers = new Map<string, (payload: string) => boolean>()
  readonly #appends = new Map<number, (entry: LogEntry) => Promise<LogPosition>>()
  /** Of this node's last entry in each log, on this connection: if the next one is not behind it, the log was lost. */
  readonly #lastPositions = new Map<number, LogPosition>()
  /** Given to `open()`, before anything is connected. */
  #receiver!: BrokerReceiver
  #endCleaning = () => {}
  #hasWarned = false

  constructor(pool: OpenPool, settings: BrokerSettings) {
    this.#settings = settings
    this.#names = namesOf(settings.prefix)
    this.#connection = new PostgresConnection(pool, {
      ...settings,
      prepare: () => this.#prepare(),
      resume: () => this.#resume(),
      notified: (channel, payload) => this.#notified(channel, payload),
      lost: (error) => this.#receiver.lost(error),
    })
    this.#read = createReading(this.#connection, this.#names)
    this.#sessions = new PostgresSessions(this.#connection, this.#names)
    this.#messages = new PostgresMessages(this.#connection, this.#names, (body) => this.#receiver.receiveMessage(body))
  }

  get isConnected(): boolean {
    return this.#connection.isConnected
  }

  async open(receiver: BrokerReceiver): Promise<void> {
    this.#receiver = receiver
    const { windowMs } = this.#settings
    const everyMs = Math.min(windowMs, LONGEST_CLEANING_MS)
    this.#endCleaning = startCleaning(this.#connection, this.#names, { windowMs, everyMs })
    await this.#connection.open().catch((error: Error) => {
      throw new FST_NSP_BROKER_UNREACHABLE('postgres', `can not be used (${error.message})`, remedyOf(error))
    })
  }

  async append(log: number, entry: LogEntry): Promise<LogPosition> {
    const append = this.#appends.get(log) ?? createAppends(log, this.#connection, this.#names)
    this.#appends.set(log, append)
    try {
      const position = await append(entry)
      const isLost = Number(position) <= Number(this.#lastPositions.get(log) ?? 0)
      this.#lastPositions.set(log, position)
      if (isLost) throw new Error('PostgreSQL has lost entries')
      return position
    } catch (error) {
      // The next one shall not overtake it on a connection that happens to live.
      this.#connection.drop(error as Error)
      throw error
    }
  }

  async follow(log: number): Promise<LogPosition> {
    const followed = new PostgresLog(log, this.#connection, this.#names, this.#receiver)
    this.#logs.set(log, followed)
    this.#readers.set(followed.channel, (payload) => followed.notified(payload))
    // Begun with the connection, if there is none now.
    if (this.#connection.isConnected) followed.begin().catch((error) => this.#connection.drop(error))
    return await followed.begun
  }

  unfollow(log: number): void {
    const followed = this.#logs.get(log)
    if (!followed) return
    this.#logs.delete(log)
    this.#readers.delete(followed.channel)
    followed.stop()
    // Without a connection, nothing is listened to.
    this.#connection.listen(`UNLISTEN ${quoted(followed.channel)}`).catch(() => {})
  }

  read(log: number, after: LogPosition, limit: number): Promise<LogPart> {
    return this.#read(log, after, limit)
  }

  readRetained(log: number, sets: readonly string[]): Promise<RetainedPart> {
    return readRetained(this.#connection, this.#names, log, sets)
  }

  send(node: string | undefined, body: string): void {
    if (this.#connection.isConnected) this.#messages.send(node, body).catch((error) => this.#connection.drop(error))
  }

  epoch(): Promise<string> {
    return readEpoch(this.#connection, this.#names)
  }

  renewEpoch(old: string): Promise<string> {
    return renewEpoch(this.#connection, this.#names, old)
  }

  putSession(id: string, text: string, ttlMs: number, head: string): Promise<boolean> {
    return this.#sessions.put({ id, text, ttlMs, head })
  }

  takeSession(id: string): Promise<string | undefined> {
    return this.#sessions.take(id)
  }

  readSession(id: string): Promise<string | undefined> {
    return this.#sessions.read(id)
  }

  keepSessions(ids: readonly string[], ttlMs: number): Promise<readonly string[]> {
    return this.#sessions.keep(ids, ttlMs)
  }

  async dropSession(id: string): Promise<void> {
    await this.#sessions.take(id)
  }

  async close(): Promise<void> {
    this.#endCleaning()
    for (const log of this.#logs.values()) log.stop()
    await this.#connection.close()
  }

  async #prepare(): Promise<void> {
    await prepareDatabase((text, values) => this.#connection.listen(text, values), this.#names)
    for (const node of [undefined, this.#settings.node]) {
      const channel = this.#messages.channel(node)
      this.#readers.set(channel, (payload) => this.#messages.notified(payload))
      await this.#connection.listen(`LISTEN ${quoted(channel)}`)
    }
  }

  async #resume(): Promise<void> {
    this.#receiver.connected()
    this.#lastPositions.clear()
    for (const log of [...this.#logs.values()]) await log.begin()
  }

  #notified(channel: string, payload: string): void {
    // Of a log that is not followed any more, notifications are still under way.
    const read = this.#readers.get(channel)
    if (!read || read(payload) || this.#hasWarned) return
    // Every role of the database may send notifications.
    this.#hasWarned = true
    this.#settings.warn(`a notification of ${channel} can not be read, and is dropped`)
  }
}
