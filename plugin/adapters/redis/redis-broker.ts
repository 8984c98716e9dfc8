import { randomUUID } from 'node:crypto'
import type { Broker, BrokerReceiver, BrokerSettings, LogEntry, LogPart, LogPosition, RetainedPart } from '../broker.js'
import { isPermanent } from '../permanent-failure.js'
import { FollowedLogs } from './followed-logs.js'
import { KeptLink } from './kept-link.js'
import { loadClient } from './load-client.js'
import { continuityOf } from './log-continuity.js'
import { secretsOf, toFailure, toUnreachable } from './redis-failure.js'
import { createKeys, type RedisKeys } from './redis-keys.js'
import { RedisLink } from './redis-link.js'
import { PUT_SESSION, RENEW } from './redis-scripts.js'
import { readRetained } from './retained-sets.js'
import { appendTo, createReading, endOf } from './stream-log.js'

/*
 * The broker over Redis. A log is a stream, whose ids are the positions; messages between nodes are published; sessions are keys that
 * expire.
 */

export interface RedisBrokerSettings extends BrokerSettings {
  /** One of them is given. */
  readonly url?: string | undefined
  readonly client?: object | undefined
}

/**
 * Creates the broker, and loads a client for a url. Nothing connects before it is opened.
 *
 * @throws FST_NSP_BROKER_MISSING if no client is installed
 */
export async function createRedisBroker(settings: RedisBrokerSettings): Promise<Broker> {
  return new RedisBroker(settings, settings.client ?? (await loadClient(String(settings.url))))
}

class RedisBroker implements Broker {
  readonly kind = 'redis'
  readonly #settings: RedisBrokerSettings
  readonly #secrets: readonly string[]
  readonly #keys: RedisKeys
  readonly #logs: FollowedLogs
  /** The logs that are followed, or will be. */
  readonly #wanted = new Set<number>()
  /** The last entry that this node has appended to each log. */
  readonly #appended = new Map<number, LogPosition>()
  readonly #kept: KeptLink
  readonly #read = createReading((command) => this.#send(command))
  #receiver: BrokerReceiver | undefined
  #epoch: string | undefined

  constructor(settings: RedisBrokerSettings, client: object) {
    const { node, prefix, connectTimeoutMs, warn } = settings
    const keys = createKeys(prefix, node)
    this.#settings = settings
    this.#secrets = secretsOf((client as { options?: unknown }).options)
    this.#keys = keys
    this.#logs = new FollowedLogs(keys, warn)
    this.#kept = new KeptLink({
      connectTimeoutMs,
      create: () =>
        new RedisLink({
          client,
          connectTimeoutMs,
          key: keys.epoch,
          channel: keys.channelOf(node),
          channelOfAll: keys.channelOfAll,
          isReading: true,
          receive: (message) => this.#receiver?.receiveMessage(message),
        }),
      prepare: (link) => this.#prepare(link),
      onLost: (error) => this.#receiver?.lost(toFailure(error, this.#secrets)),
    })
  }

  get isConnected(): boolean {
    return this.#kept.current !== undefined
  }

  async open(receiver: BrokerReceiver): Promise<void> {
    const { waitForBroker, onWait, warn } = this.#settings
    this.#receiver = receiver
    await this.#kept
      .open((error) => {
        if (!waitForBroker || isPermanent(error)) return false
        warn('Redis can not be reached yet', toFailure(error, this.#secrets))
        onWait?.()
        return true
      })
      .catch((error: unknown) => {
        throw toUnreachable(error, this.#secrets)
      })
  }

  async append(log: number, entry: LogEntry): Promise<LogPosition> {
    const id = await this.#use((link) => appendTo(link, this.#keys, log, entry, this.#settings.windowMs))
    this.#appended.set(log, id as LogPosition)
    return id as LogPosition
  }

  async follow(log: number): Promise<LogPosition> {
    this.#wanted.add(log)
    for (;;) {
      const link = await this.#kept.next()
      const end = await endOf(link, this.#keys.log(log)).catch(() => undefined)
      if (end === undefined) continue
      if (this.#wanted.has(log)) {
        this.#logs.positions.set(log, end)
        this.#logs.alarm(link)
      }
      return end
    }
  }

  unfollow(log: number): void {
    this.#wanted.delete(log)
    this.#logs.positions.delete(log)
  }

  read(log: number, after: LogPosition, limit: number): Promise<LogPart> {
    return this.#read(this.#keys.log(log), after, limit)
  }

  readRetained(log: number, sets: readonly string[]): Promise<RetainedPart> {
    return this.#use((link) => readRetained(link, this.#keys, log, sets))
  }

  send(node: string | undefined, body: string): void {
    const channel = node === undefined ? this.#keys.channelOfAll : this.#keys.channelOf(node)
    this.#send(['PUBLISH', channel, body]).catch(() => {})
  }

  epoch(): Promise<string> {
    // No stored one is empty: it is renewed only if there is none.
    return this.renewEpoch('').catch((error: unknown) => {
      throw toFailure(error, this.#secrets)
    })
  }

  async renewEpoch(old: string): Promise<string> {
    this.#epoch = String(await this.#send(['EVAL', RENEW, '1', this.#keys.epoch, old, randomUUID()]))
    return this.#epoch
  }

  async putSession(id: string, text: string, ttlMs: number, head: string): Promise<boolean> {
    return Number(await this.#send(['EVAL', PUT_SESSION, '1', this.#keys.session(id), text, String(ttlMs), head])) === 1
  }

  async takeSession(id: string): Promise<string | undefined> {
    return ((await this.#send(['GETDEL', this.#keys.session(id)])) as string | null) ?? undefined
  }

  async readSession(id: string): Promise<string | undefined> {
    return ((await this.#send(['GET', this.#keys.session(id)])) as string | null) ?? undefined
  }

  async keepSessions(ids: readonly string[], ttlMs: number): Promise<readonly string[]> {
    const keep = (id: string) => this.#send(['PEXPIRE', this.#keys.session(id), String(ttlMs)])
    const kept = await Promise.all(ids.map(keep))
    return ids.filter((_id, at) => Number(kept[at]) === 0)
  }

  async dropSession(id: string): Promise<void> {
    await this.#send(['DEL', this.#keys.session(id)])
  }

  close(): Promise<void> {
    return this.#kept.close((link) => link.send(['DEL', this.#keys.alarm]))
  }

  #send(command: readonly string[]): Promise<unknown> {
    return this.#use((link) => link.send(command))
  }

  async #use<Result>(run: (link: RedisLink) => Promise<Result>): Promise<Result> {
    const link = this.#kept.current
    if (!link) throw new Error('Redis is not connected')
    return run(link)
  }

  async #prepare(link: RedisLink): Promise<() => void> {
    const isSameEpoch = (await link.send(['GET', this.#keys.epoch])) === this.#epoch
    const { windowMs } = this.#settings
    const continuities = await Promise.all(
      [...this.#logs.positions].map(async ([log, delivered]) => {
        const known = { key: this.#keys.log(log), delivered, appended: this.#appended.get(log), windowMs, isSameEpoch }
        return [log, ...(await continuityOf(link, known))] as const
      }),
    )
    return () => {
      this.#receiver?.connected()
      for (const [log, continuity, position] of continuities.filter(([log]) => this.#wanted.has(log))) {
        this.#logs.positions.set(log, position)
        // Else the next loss would take it for another rollback.
        if (continuity === 'rolled back') this.#appended.delete(log)
        this.#receiver?.resumed(log, continuity)
      }
      void this.#logs.run(link, (log, entry) => this.#receiver?.receiveEntry(log, entry))
    }
  }
}
