import { isChanged, isPermanent, isRefused } from '../permanent-failure.js'
import { checkOut } from './check-out.js'
import { ignoreError, type OpenPool, type PgClient, type PgRow, type PgStatement } from './postgres-pool.js'
import { statementNameOf } from './statement-name.js'

/*
 * A pool, and one connection of it that listens. The listening one tells whether PostgreSQL is there: when it is lost, it is made
 * again until it is back, or until the end.
 */

export interface ConnectionSettings {
  readonly connectTimeoutMs: number
  readonly waitForBroker: boolean
  readonly onWait?: () => void
  readonly warn: (message: string, error?: unknown) => void
  /** Runs on each new listening connection, before it counts. If it rejects, the connection is dropped. */
  prepare(): Promise<void>
  /** Runs on each new listening connection, once it counts. */
  resume(): Promise<void>
  notified(channel: string, payload: string): void
  lost(error: Error): void
}

/** How often the listening connection is asked whether it is still there: one that stalls does not end. */
const HEARTBEAT_MS = 2_000
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2_000
const UNREACHABLE = 'PostgreSQL can not be reached'

export class PostgresConnection {
  readonly #open: OpenPool
  readonly #settings: ConnectionSettings
  /** How long a statement may take. Milliseconds. */
  readonly answerMs: number
  #listener: PgClient | undefined
  /** The end of what runs on the listening connection: `pg` wants one statement at a time. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #warned = new Set<string>()
  readonly #refused = new Set<string>()
  #isConnected = false
  #closing: Promise<void> | undefined
  #retryMs = FIRST_RETRY_MS
  #retry: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #endWait = () => {}

  constructor(open: OpenPool, settings: ConnectionSettings) {
    this.#open = open
    this.#settings = settings
    this.answerMs = Math.min(5_000, settings.connectTimeoutMs)
    open.pool.on('error', ignoreError)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /**
   * Connects. While it waits for a server that is down, it resolves only once the server is there, or it is closed.
   *
   * @throws (rejects) if the server can't be reached in time or will not do; with `waitForBroker` only if waiting does not mend it
   */
  async open(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      if (!this.#settings.waitForBroker || this.#closing || isPermanent(error)) throw error
      this.#warnOnce(UNREACHABLE, error as Error)
      this.#settings.onWait?.()
      await new Promise<void>((resolve) => {
        this.#endWait = resolve
        this.#retryLater()
      })
    }
  }

  /** Runs a statement on any connection. */
  query(text: string, values: readonly unknown[]): Promise<PgRow[]> {
    return this.#run({ text, values, query_timeout: this.answerMs })
  }

  /** Runs a statement on any connection, which plans it once. */
  queryPrepared(text: string, values: readonly unknown[]): Promise<PgRow[]> {
    return this.#run({ name: statementNameOf(text), text, values, query_timeout: this.answerMs })
  }

  /** Takes a connection, which whoever takes it releases. @throws (rejects) if there is none in time */
  take(): Promise<PgClient> {
    return checkOut(this.#open.pool, this.#settings.connectTimeoutMs)
  }

  /** Runs a statement on the listening connection, after those before it. */
  listen(text: string, values: readonly unknown[] = []): Promise<PgRow[]> {
    const run = async () => {
      if (!this.#listener) throw new Error('the connection is lost')
      return (await this.#listener.query({ text, values, query_timeout: this.answerMs })).rows
    }
    const result = this.#last.then(run)
    this.#last = result.catch(ignoreError)
    return result
  }

  /** Gives the connection up, and makes another. */
  drop(error: Error): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#release()
    this.#settings.lost(error)
    this.#retryLater()
  }

  /** May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  /** Not every caller tells what its statement fails with: many only try again. */
  async #run(statement: PgStatement): Promise<PgRow[]> {
    try {
      return (await this.#open.pool.query(statement)).rows
    } catch (error) {
      // The next connection makes the tables again, or says why it can't.
      if (isChanged(error)) this.drop(error as Error)
      else if (isRefused(error)) this.#warnOnce('PostgreSQL refuses a statement', error as Error, this.#refused)
      throw error
    }
  }

  async #end(): Promise<void> {
    this.#isConnected = false
    clearTimeout(this.#retry)
    this.#release()
    await this.#open.end()
    this.#open.pool.off('error', ignoreError)
    this.#endWait()
  }

  async #connect(): Promise<void> {
    const client = await checkOut(this.#open.pool, this.#settings.connectTimeoutMs)
    if (this.#closing) {
      client.release(true)
      throw new Error('closed')
    }
    const lose = (error = new Error('the connection has ended')) => {
      if (this.#listener === client) this.drop(error)
    }
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ channel, payload = '' }) => this.#settings.notified(channel, payload))
    this.#listener = client
    try {
      await this.#settings.prepare()
    } catch (error) {
      this.#release()
      throw error
    }
    this.#isConnected = true
    this.#warned.clear()
    const beat = () => this.listen('SELECT 1').then(this.#calm, lose)
    this.#heartbeat = setInterval(beat, HEARTBEAT_MS)
    this.#settings.resume().catch(lose)
  }

  #retryLater(): void {
    const ms = this.#retryMs * (0.5 + Math.random())
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
    this.#retry = setTimeout(() => {
      this.#connect().then(this.#endWait, (error: Error) => {
        if (this.#closing) return
        this.#warnOnce(UNREACHABLE, error)
        this.#retryLater()
      })
    }, ms)
  }

  /** Says each problem once: that of a connection until the connection is back. */
  #warnOnce(message: string, error: Error, warned = this.#warned): void {
    if (warned.has(error.message)) return
    warned.add(error.message)
    this.#settings.warn(message, error)
  }

  #release(): void {
    clearInterval(this.#heartbeat)
    const client = this.#listener
    this.#listener = undefined
    client?.removeAllListeners('notification')
    client?.release(true)
  }

  /** A connection that has held for a while: the next loss is tried again at once. */
  readonly #calm = () => {
    this.#retryMs = FIRST_RETRY_MS
  }
}
