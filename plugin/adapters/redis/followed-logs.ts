import type { LogPosition, PlacedEntry } from '../broker.js'
import type { RedisKeys } from './redis-keys.js'
import { READ_WAIT_MS, type RedisLink } from './redis-link.js'
import { readEntry, readStreams, type StreamReply } from './redis-replies.js'

/*
 * Reads all followed logs by one command that waits. A stream of this node alone, its alarm, is among them: an entry there ends the
 * wait, so that a log that is followed from now on is read at once.
 */

// Beyond it the rest comes with the next read.
const ENTRIES_PER_READ = '100'

export class FollowedLogs {
  /** Where each followed log goes on. */
  readonly positions = new Map<number, LogPosition>()
  readonly #keys: RedisKeys
  readonly #warn: (message: string) => void
  #alarmed: LogPosition = '0-0'

  constructor(keys: RedisKeys, warn: (message: string) => void) {
    this.#keys = keys
    this.#warn = warn
  }

  /** Reads until the link ends. Never rejects. */
  async run(link: RedisLink, receive: (log: number, entry: PlacedEntry) => void): Promise<void> {
    while (!link.isEnded) {
      const logs = [...this.positions]
      const keys = [this.#keys.alarm, ...logs.map(([log]) => this.#keys.log(log))]
      const positions = [this.#alarmed, ...logs.map(([, position]) => position)]
      const command = [
        'XREAD',
        'COUNT',
        ENTRIES_PER_READ,
        'BLOCK',
        String(READ_WAIT_MS),
        'STREAMS',
        ...keys,
        ...positions,
      ]
      // What it rejects with has ended the link.
      const reply = await link.read(command).catch(() => null)
      for (const [key, entries] of readStreams(reply)) {
        const log = logs[keys.indexOf(key) - 1]?.[0]
        if (log === undefined) this.#alarmed = entries.at(-1)?.[0] as LogPosition
        else for (const entry of entries) this.#read(log, entry, receive)
      }
    }
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

  #read(log: number, reply: StreamReply, receive: (log: number, entry: PlacedEntry) => void): void {
    // A receiver may end the following.
    if (!this.positions.has(log)) return
    this.positions.set(log, reply[0])
    const entry = readEntry(reply)
    if (entry) receive(log, entry)
    else if (entry === null) this.#warn('an entry of Redis was dropped: no node has written it')
  }
}
