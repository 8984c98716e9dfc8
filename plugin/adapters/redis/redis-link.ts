import { FST_NSP_BROKER_UNREACHABLE } from '../broker-errors.js'
import { connectIoredis, isIoredis } from './connections/ioredis-connection.js'
import { connectNodeRedis } from './connections/node-redis-connection.js'
import type { RedisConnection, RedisConnectionSettings } from './connections/redis-connection.js'
import { problemOfServer } from './redis-replies.js'

/*
 * Connections to Redis that live and die together: for commands, for messages and, if they are wanted, for reads that wait. A connection that says
 * nothing for four seconds has failed, although nobody has closed it.
 */

export interface LinkSettings extends Omit<RedisConnectionSettings, 'fail'> {
  /** The channel of this node, which also carries the heartbeat: empty messages. */
  readonly channel: string
  /** The channel of all nodes. */
  readonly channelOfAll: string
  readonly receive: (message: string) => void
  /** Whether `read()` is called, again and again. */
  readonly isReading: boolean
}

/** How long a read waits for entries, in milliseconds. */
export const READ_WAIT_MS = 1_000
const BEAT_MS = 1_000
const MOST_SILENT_BEATS = 4
/** How long each connection may be silent at least, in milliseconds. */
export const ANSWER_MS = MOST_SILENT_BEATS * BEAT_MS

/** A link is used once: after a failure it stays ended. */
export class RedisLink {
  readonly #settings: LinkSettings
  readonly #commands: RedisConnection
  readonly #reader: RedisConnection | undefined
  readonly #subscriber: RedisConnection
  /** Beats since each connection has said something. */
  readonly #silent = { commands: 0, reader: 0, subscriber: 0 }
  #beat: NodeJS.Timeout | undefined
  /** Resolves when a connection has failed, with its error, or after `destroy()`. */
  readonly ended: Promise<unknown>
  #end!: (error?: unknown) => void
  #isEnded = false
  #failure: unknown
  /** The server's clock minus `performance.now()`, in milliseconds. */
  #clock = 0

  constructor(settings: LinkSettings) {
    this.#settings = settings
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    const connection = { ...settings, fail: (error: unknown) => this.fail(error) }
    this.#commands = createConnection(connection)
    this.#reader = settings.isReading ? createConnection(connection) : undefined
    this.#subscriber = createConnection(connection)
  }

  /**
   * Connects, and checks that the server will do.
   *
   * @throws FST_NSP_BROKER_UNREACHABLE for a server that is too old, or a replica; or what the client rejects with
   */
  async open(): Promise<void> {
    const { channel, channelOfAll, receive } = this.#settings
    // The first failure ends the others, and says more than they do.
    await Promise.all(this.#connections.map((connection) => connection.connect())).catch((error: unknown) => {
      this.fail(error)
      throw this.#failure
    })
    // Who may not ask finds out by the first command that fails.
    const info = await this.#commands.send(['INFO']).catch(() => '')
    const problem = problemOfServer(String(info))
    if (problem) throw new FST_NSP_BROKER_UNREACHABLE('redis', ...problem)
    const [seconds, microseconds] = (await this.send(['TIME'])) as [string, string]
    this.#clock = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - performance.now()
    await this.#subscriber.subscribe([channel, channelOfAll], (message) => {
      this.#silent.subscriber = 0
      if (message !== '') receive(message)
    })
    this.#beat = setInterval(() => this.#check(), BEAT_MS).unref()
  }

  /** Milliseconds of the server's clock: clocks of nodes differ. */
  now(): number {
    return Math.floor(this.#clock + performance.now())
  }

  /** Sends a command. A server that refuses one has failed: it is full, or has become a replica. */
  send(command: readonly string[]): Promise<unknown> {
    return this.#commands.send(command).then(this.#answered, (error: unknown) => this.#refuse(error))
  }

  /** Sends a command that waits for `READ_WAIT_MS` at most. */
  async read(command: readonly string[]): Promise<unknown> {
    const reply = await (this.#reader as RedisConnection).send(command).catch((error: unknown) => this.#refuse(error))
    this.#silent.reader = 0
    return reply
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  fail(error: unknown): void {
    this.#failure ??= error
    this.#end(error)
    this.destroy()
  }

  destroy(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#end()
    clearInterval(this.#beat)
    for (const connection of this.#connections) connection.destroy()
  }

  get #connections(): readonly RedisConnection[] {
    return [this.#commands, this.#subscriber, ...(this.#reader ? [this.#reader] : [])]
  }

  /** Also while much is under way, before the answer to a beat. */
  readonly #answered = (reply: unknown) => {
    this.#silent.commands = 0
    return reply
  }

  #refuse(error: unknown): never {
    this.fail(error)
    throw error
  }

  /** Counts beats, not time: a process that was stopped and goes on has lost nothing. */
  #check(): void {
    if (this.#reader) this.#silent.reader++
    const beats = [++this.#silent.commands, this.#silent.reader, this.#silent.subscriber]
    if (Math.max(...beats) > MOST_SILENT_BEATS) this.fail(new Error('Redis does not answer'))
    this.send(['PUBLISH', this.#settings.channel, ''])
      // What is still under way, behind other commands, can't be heard yet.
      .then(() => this.#silent.subscriber++)
      // Once the link has ended.
      .catch(() => {})
  }
}

/** Makes a connection that is not connected yet. */
function createConnection(settings: RedisConnectionSettings): RedisConnection {
  return isIoredis(settings.client) ? connectIoredis(settings.client, settings) : connectNodeRedis(settings)
}
