import type { Broker, LogPosition } from '../broker.js'
import type { LogWriter } from './log-writer.js'

/*
 * Follows a log while something holds it. If the broker can't be reached, it tries again.
 */

export interface LogFollowingOptions {
  readonly number: number
  readonly broker: Pick<Broker, 'follow' | 'unfollow' | 'isConnected'>
  /** Is held while the log is not followed: an entry that came before the end that the broker tells would not arrive here. */
  readonly writer: Pick<LogWriter, 'hold' | 'resume'>
  /** Called with the end of the log, from which on it is delivered. If it rejects, the log is followed anew. */
  readonly begin: (end: LogPosition) => Promise<void>
  /** Called when it is not followed any longer. */
  readonly end: () => void
}

// How long a log that nothing holds is still followed: an address may come back.
const LINGER_MS = 30_000
const RETRY_MS = 100

export class LogFollowing {
  readonly #options: LogFollowingOptions
  #holds = 0
  #attempt = 0
  #followed: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Ends the wait before the next try. */
  #tryNow = () => {}

  constructor(options: LogFollowingOptions) {
    this.#options = options
  }

  /** Resolves when the log is followed; undefined if it is not held. */
  get followed(): Promise<void> | undefined {
    return this.#followed
  }

  hold(): Promise<void> {
    this.#holds++
    clearTimeout(this.#timer)
    this.#followed ??= this.#follow(++this.#attempt)
    return this.#followed
  }

  release(): void {
    this.#holds--
    if (this.#holds === 0) this.#timer = setTimeout(() => this.#unfollow(), LINGER_MS).unref()
  }

  /** Called when there is a connection. */
  connected(): void {
    this.#tryNow()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#attempt++
    this.#followed = undefined
    this.#tryNow()
  }

  async #follow(attempt: number): Promise<void> {
    this.#options.writer.hold()
    while (attempt === this.#attempt && !(await this.#isFollowed(attempt))) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, RETRY_MS).unref()
        this.#tryNow = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    if (attempt === this.#attempt) this.#options.writer.resume()
  }

  /** Tries to follow. Returns false if the broker can't be reached. */
  async #isFollowed(attempt: number): Promise<boolean> {
    const { broker, number, begin } = this.#options
    if (!broker.isConnected) return false
    try {
      const end = await broker.follow(number)
      if (attempt === this.#attempt) await begin(end)
      return true
    } catch {
      return false
    }
  }

  #unfollow(): void {
    const { broker, writer, number, end } = this.#options
    this.#followed = undefined
    this.#attempt++
    broker.unfollow(number)
    writer.resume()
    end()
  }
}
