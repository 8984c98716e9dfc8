import type { LogPosition, PlacedEntry } from '../broker.js'
import { PageSize } from '../page-size.js'
import type { RedisKeys } from './redis-keys.js'
import { ANSWER_MS, READ_WAIT_MS, type RedisLink } from './redis-link.js'
import { readEntry, readStreams, type StreamReply } from './redis-replies.js'

/*
 * Reads all followed logs by one command that waits. A stream of this node alone, its alarm, is among them: an entry there ends the
 * wait, so that a log that is followed from now on is read at once.
 *
 * After a failure, which may be because so much does not arrive in time, what waits is read first: of one log at a time.
 */

/** Entries of each log that one command reads. Beyond it the rest comes with the next read. */
const MOST_ENTRIES = 100

const WAITING = ['BLOCK', String(READ_WAIT_MS)]

/** The alarm has no log. */
type FollowedStream = readonly [key: string, position: LogPosition, log: number | undefined]

export class FollowedLogs {
  /** Where each followed log goes on. The log that was read last is the last one. */
  readonly positions = new Map<number, LogPosition>()
  /** Outlives the link. */
  readonly #page = new PageSize(MOST_ENTRIES, ANSWER_MS)
  readonly #keys: RedisKeys
  readonly #warn: (message: string) => void
  #alarmed: LogPosition = '0-0'

  constructor(keys: RedisKeys, warn: (message: string) => void) {
    this.#keys = keys
    this.#warn = warn
  }

  /** Reads until the link ends. Never rejects. */
  async run(link: RedisLink, receive: (log: number, entry: PlacedEntry) => void): Promise<void> {
    await this.#catchUp(link, receive)
    while (!link.isEnded) {
      const logs = [...this.positions].map(([log, position]) => [this.#keys.log(log), position, log] as const)
      await this.#read(link, [[this.#keys.alarm, this.#alarmed, undefined], ...logs], receive, WAITING)
    }
  }

  /** Reads one log after the other, until none of them has a whole page any more. */
  async #catchUp(link: RedisLink, receive: (log: number, entry: PlacedEntry) => void): Promise<void> {
    let exhausted = 0
    for (const [log, position] of this.positions) {
      if (link.isEnded || this.#page.isWhole || exhausted === this.positions.size) return
      // It comes again, behind the others; also if this read fails, so that it does not keep them waiting.
      this.positions.delete(log)
      this.positions.set(log, position)
      const size = this.#page.current
      const length = await this.#read(link, [[this.#keys.log(log), position, log]], receive)
      exhausted = length < size ? exhausted + 1 : 0
    }
  }

  /** Returns the number of entries that one stream had at most. */
  async #read(
    link: RedisLink,
    streams: readonly FollowedStream[],
    receive: (log: number, entry: PlacedEntry) => void,
    options: readonly string[] = [],
  ): Promise<number> {
    const places = ['STREAMS', ...streams.map(([key]) => key), ...streams.map(([, position]) => position)]
    const replies = await this.#page
      .measure(
        async (size) => readStreams(await link.read(['XREAD', 'COUNT', String(size), ...options, ...places])),
        lengthOf,
      )
      // What it rejects with has ended the link.
      .catch(() => [])
    for (const [key, entries] of replies) {
      const log = streams.find(([name]) => name === key)?.[2]
      if (log === undefined) this.#alarmed = entries.at(-1)?.[0] as LogPosition
      else for (const entry of entries) this.#receive(log, entry, receive)
    }
    return lengthOf(replies)
  }

  /** Ends the wait. */
  alarm(link: RedisLink): void {
    const { alarm } = this.#keys
    for (const command of [
      ['XADD', alarm, 'MAXLEN', '1', '*', 'm', '1'],
      ['EXPIRE', alarm, '60'],
    ])
      link.send(command).catch(() => {})
  }

  #receive(log: number, reply: StreamReply, receive: (log: number, entry: PlacedEntry) => void): void {
    // A receiver may end the following.
    if (!this.positions.has(log)) return
    this.positions.set(log, reply[0])
    const entry = readEntry(reply)
    if (entry) receive(log, entry)
    else if (entry === null) this.#warn('an entry of Redis was dropped: no node has written it')
  }
}

function lengthOf(replies: ReturnType<typeof readStreams>): number {
  return Math.max(0, ...replies.map(([, entries]) => entries.length))
}
