import { setTimeout as delay } from 'node:timers/promises'
import { settlesWithin, withTimeout } from '../../shared/timeout.js'
import type { RedisLink } from './redis-link.js'

/*
 * Keeps a link to Redis from open() to close(): one that has failed is replaced by a new one, after a pause that grows.
 */

export interface KeptLinkSettings {
  readonly connectTimeoutMs: number
  create(): RedisLink
  /** Called with each link before it is used. Returns what is to be done as soon as it is used. */
  prepare(link: RedisLink): Promise<() => void>
  /** Called when a link that was used has failed. */
  onLost(error: unknown): void
}

interface WaitingForLink {
  resolve(link: RedisLink): void
  reject(error: Error): void
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000
const FAREWELL_MS = 150

export class KeptLink {
  readonly #settings: KeptLinkSettings
  readonly #closing = new AbortController()
  #link: RedisLink | undefined
  #isUp = false
  /** When the link was used first. */
  #usedAt = 0
  /** How long the next attempt waits. */
  #pauseMs = 0
  #waiting: WaitingForLink[] = []

  constructor(settings: KeptLinkSettings) {
    this.#settings = settings
  }

  /** The link, while it can be used. */
  get current(): RedisLink | undefined {
    return this.#isUp ? this.#link : undefined
  }

  /** The link, or the next one. Rejects when this is closed. */
  next(): Promise<RedisLink> {
    const { current } = this
    if (current) return Promise.resolve(current)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /**
   * Connects.
   *
   * @param isPatient - called with the first failure; returns whether to try again and again
   * @throws (rejects) the first failure, or that this was closed
   */
  async open(isPatient: (error: unknown) => boolean): Promise<void> {
    const { connectTimeoutMs } = this.#settings
    for (let isFirst = true; await this.#pause(); isFirst = false) {
      const link = this.#settings.create()
      this.#link = link
      try {
        const late = () => new Error(`no answer within ${connectTimeoutMs} ms`)
        const begin = (await withTimeout(this.#prepare(link), connectTimeoutMs, late)) as () => void
        return this.#use(link, begin)
      } catch (error) {
        link.destroy()
        if (isFirst && !isPatient(error)) throw error
      }
    }
    throw new Error('The broker was closed')
  }

  /**
   * Ends the link, also one that is being made.
   *
   * @param farewell - sends the last commands
   */
  async close(farewell: (link: RedisLink) => Promise<unknown>): Promise<void> {
    this.#closing.abort()
    const { current } = this
    if (current) await settlesWithin(FAREWELL_MS, farewell(current))
    this.#isUp = false
    this.#link?.destroy()
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The broker was closed'))
  }

  /** Waits, each time for longer. Resolves to whether to go on. */
  async #pause(): Promise<boolean> {
    const { signal } = this.#closing
    // Not all nodes at once.
    await delay(this.#pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
    return !signal.aborted
  }

  async #prepare(link: RedisLink): Promise<() => void> {
    await link.open()
    return this.#settings.prepare(link)
  }

  #use(link: RedisLink, begin: () => void): void {
    this.#isUp = true
    this.#usedAt = performance.now()
    // Also if it has failed already.
    void link.ended.then((error) => this.#lose(error))
    begin()
    for (const { resolve } of this.#waiting.splice(0)) resolve(link)
  }

  #lose(error: unknown): void {
    this.#isUp = false
    // A Redis that is full lets everybody in, and refuses what comes first.
    this.#pauseMs = Math.max(0, this.#pauseMs - (performance.now() - this.#usedAt))
    if (this.#closing.signal.aborted) return
    this.#settings.onLost(error)
    this.open(() => true).catch(() => {})
  }
}
