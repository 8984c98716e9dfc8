/*
 * The channel between the primary of a Node.js cluster and a worker, from either end. What is said in one tick is one message, under a
 * name of its own: other packages use the channel, too.
 */

/** `process` in a worker, or a `Worker` in the primary. */
export interface WorkerChannel {
  send?(message: object, callback: (error: Error | null) => void): boolean
}

/** One call or answer. */
export type ChannelItem = Readonly<Record<string, unknown>>

const NAME = 'fastifyNamespaces'

/** The items of a message; none, if it is of another package. */
export function itemsOf(message: unknown): ChannelItem[] {
  const items: unknown = Object(message)[NAME]
  return Array.isArray(items) ? items.map(Object) : []
}

export class WorkerWriter {
  readonly #channel: WorkerChannel
  readonly #drained: () => void
  #items: ChannelItem[] = []
  #length = 0
  /** Characters that the other end has not taken yet. */
  #pending = 0

  /** `drained` is called when the other end has taken something. */
  constructor(channel: WorkerChannel, drained = () => {}) {
    this.#channel = channel
    this.#drained = drained
  }

  get pending(): number {
    return this.#pending
  }

  /** `length`: about how many characters it has. */
  write(item: ChannelItem, length = 0): void {
    this.#length += length
    this.#pending += length
    if (this.#items.push(item) > 1) return
    setImmediate(() => {
      const [items, sent] = [this.#items, this.#length]
      this.#items = []
      this.#length = 0
      // With a callback, it does not throw if the other end is gone.
      this.#channel.send?.({ [NAME]: items }, () => {
        this.#pending -= sent
        this.#drained()
      })
    })
  }
}
