import type { Broker, RetainedChange } from '../broker.js'
import { LogBatch, writeBody } from './log-body.js'
import { formatOffset, LOG_START } from './log-position.js'

/*
 * Appends this node's items to one log, in order. An entry stays until the broker has it, and is appended again after a loss;
 * its number lets the readers drop what arrives twice. Later it is kept for a while: the broker may lose what it had.
 */

/** What all writers of a node share. */
export interface WriterSettings {
  readonly broker: Pick<Broker, 'append' | 'isConnected'>
  readonly node: string
  readonly epoch: () => string
  /** Bytes of its own entries that a log keeps after the broker has them. */
  readonly recentBytes: number
  /** The characters of all items that wait for the broker. */
  readonly load: { length: number }
}

interface OwnEntry {
  readonly number: number
  readonly text: string
  readonly retained: readonly RetainedChange[] | undefined
  /** Characters. */
  readonly length: number
  /** Where the broker has put it, as an offset; '-' if it may have it, undefined before. */
  place: string | undefined
  /** See BodyHead. */
  again: string | undefined
}

// One entry has items of at most this length, unless a single one is longer.
const BATCH_LENGTH = 65_536
// Entries on their way to the broker at a time. Meanwhile items gather in larger batches.
const MOST_IN_FLIGHT = 16
const RETRY_MS = 100

export class LogWriter {
  readonly #log: number
  readonly #settings: WriterSettings
  #batch: LogBatch | undefined
  /** Not yet known to be at the broker; the first `#sent` are on their way. */
  #waiting: OwnEntry[] = []
  #sent = 0
  /** Another one after each loss: answers of an earlier one count for nothing. */
  #round = 0
  #recent: OwnEntry[] = []
  #confirmed: OwnEntry | undefined
  #recentLength = 0
  #number = 0
  /** The last entry whose place is certain. */
  #lastPlaced = Number.POSITIVE_INFINITY
  #isHeld = false
  #retry: NodeJS.Timeout | undefined

  constructor(log: number, settings: WriterSettings) {
    this.#log = log
    this.#settings = settings
  }

  /** The number of the entry that has, or will have, the last item. */
  get lastNumber(): number {
    return this.#batch ? this.#number + 1 : this.#number
  }

  /** The last entry that the broker has confirmed, and the offset at which it is; undefined if there is none. */
  get confirmed(): readonly [number: number, place: string] | undefined {
    return this.#confirmed && [this.#confirmed.number, String(this.#confirmed.place)]
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#batch
  }

  /** Adds an item; see LogBatch. It is appended by the next `flush()`. */
  add(...item: Parameters<LogBatch['add']>): void {
    this.#batch ??= new LogBatch()
    this.#settings.load.length += this.#batch.add(...item)
    if (this.#batch.length >= BATCH_LENGTH) this.#closeBatch()
  }

  /** Sends what waits, as far as the broker takes it. */
  flush(): void {
    const { broker } = this.#settings
    // No broker says of a log that nobody follows here when it can be reached again.
    if (!broker.isConnected && !this.isEmpty) this.#retryLater()
    while (!this.#isHeld && broker.isConnected && this.#sent < MOST_IN_FLIGHT) {
      if (this.#sent === this.#waiting.length) this.#closeBatch()
      const entry = this.#waiting[this.#sent]
      if (!entry) return
      this.#sent++
      this.#append(entry)
    }
  }

  /** Holds everything back until `resume()`. */
  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    this.#isHeld = false
    this.flush()
  }

  /** Called when the connection is lost. What is appended now may be in another epoch than this node believes. */
  lose(): void {
    this.#lastPlaced = this.#number - this.#waiting.length
  }

  /** Sends again what may have been lost with the connection. */
  resend(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#round++
    this.#sent = 0
    this.flush()
  }

  /** Sends again also what the broker had, because it has lost something. */
  restore(): void {
    this.#waiting = [...this.#recent, ...this.#waiting]
    for (const entry of this.#waiting) entry.again = entry.number > this.#lastPlaced ? entry.place && '-' : entry.place
    this.#lastPlaced = Number.POSITIVE_INFINITY
    this.#settings.load.length += this.#recentLength
    this.#recent = []
    this.#recentLength = 0
    this.resend()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#isHeld = true
  }

  #closeBatch(): void {
    if (!this.#batch) return
    const { length, retained, retainedLength } = this.#batch
    const text = this.#batch.toText()
    const entry = { number: ++this.#number, text, retained, length: text.length + retainedLength }
    this.#settings.load.length += entry.length - length
    this.#waiting.push({ ...entry, place: undefined, again: undefined })
    this.#batch = undefined
  }

  #append(entry: OwnEntry): void {
    const { broker, node, epoch } = this.#settings
    const { number, text, again, retained } = entry
    const [round, current] = [this.#round, epoch()]
    const isUncertain = entry.place !== undefined && again === undefined
    const since = isUncertain ? (this.#confirmed?.place ?? formatOffset(current, LOG_START, 0)) : undefined
    entry.place ??= '-'
    const body = writeBody(current, text, { again, since })
    broker.append(this.#log, retained ? { node, number, body, retained } : { node, number, body }).then(
      (position) => {
        if (round !== this.#round) return
        entry.place = formatOffset(current, position, 0)
        this.#confirm()
      },
      () => {
        if (round !== this.#round) return
        this.#round++
        this.#retryLater()
      },
    )
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => this.resend(), RETRY_MS).unref()
  }

  /** The broker answers in the order of the calls. */
  #confirm(): void {
    const entry = this.#waiting.shift() as OwnEntry
    this.#sent--
    this.#settings.load.length -= entry.length
    this.#confirmed = entry
    this.#recent.push(entry)
    this.#recentLength += entry.length
    while (this.#recentLength > this.#settings.recentBytes) {
      this.#recentLength -= (this.#recent.shift() as OwnEntry).length
    }
    this.flush()
  }
}
