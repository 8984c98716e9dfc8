import type { PlacedEntry } from '../broker.js'
import { callKeeper } from './keeper-calls.js'
import { KeeperConnection } from './keeper-connection.js'
import type { LogKeeper } from './log-keeper.js'
import { type ChannelItem, itemsOf, type WorkerChannel, WorkerWriter } from './worker-channel.js'

/*
 * One worker, as the primary serves it: a connection to the keeper for each of its nodes. A worker that does not take what it is sent
 * is cut off, as by a network, until it has taken it; then it gets what it has missed from the logs.
 */

/** Characters that may wait for a worker. */
const MOST_PENDING = 16_777_216
/** Nodes of one worker. */
const MOST_NODES = 64
const LONGEST_NAME = 200

export class ServedWorker {
  readonly #keeperOf: (prefix: string) => LogKeeper
  readonly #writer: WorkerWriter
  readonly #nodes = new Map<string, KeeperConnection>()
  readonly #mostPending: number
  #isCut = false

  constructor(channel: WorkerChannel, keeperOf: (prefix: string) => LogKeeper, mostPending = MOST_PENDING) {
    this.#keeperOf = keeperOf
    this.#mostPending = mostPending
    this.#writer = new WorkerWriter(channel, () => this.#restore())
  }

  /** Takes a message of the worker. */
  receive(message: unknown): void {
    for (const item of itemsOf(message)) {
      const { node, call } = item
      if (typeof node !== 'string' || node.length > LONGEST_NAME) continue
      if (call === 'open') this.#open(node, item)
      else if (call === 'close') this.#close(node)
      else void this.#answer(node, item)
    }
  }

  /** The worker is gone. */
  end(): void {
    for (const node of this.#nodes.keys()) this.#close(node)
  }

  #open(node: string, { prefix, windowMs }: ChannelItem): void {
    if (typeof prefix !== 'string' || prefix.length > LONGEST_NAME || typeof windowMs !== 'number') return
    if (!this.#nodes.has(node)) {
      if (this.#nodes.size >= MOST_NODES) return
      const connection = new KeeperConnection(this.#keeperOf(prefix), node, windowMs)
      this.#nodes.set(node, connection)
      const tell = (told: string, args: readonly unknown[], length = 0) => this.#write({ node, told, args }, length)
      // Resolves at once.
      void connection.open({
        receiveEntry: (log: number, entry: PlacedEntry) => tell('receiveEntry', [log, entry], entry.body.length),
        receiveMessage: (body) => tell('receiveMessage', [body], body.length),
        // The worker is told 'opened'.
        connected: () => {},
        lost: ({ message }) => tell('lost', [message]),
        resumed: (log, continuity) => tell('resumed', [log, continuity]),
      })
    }
    this.#writer.write({ node, told: 'opened', args: [] })
  }

  #close(node: string): void {
    void this.#nodes.get(node)?.close()
    this.#nodes.delete(node)
  }

  async #answer(node: string, { call, args, id }: ChannelItem): Promise<void> {
    const connection = this.#nodes.get(node)
    if (!connection) return
    try {
      const result = await callKeeper(connection, call, args)
      if (typeof id === 'number') this.#write({ node, id, result }, JSON.stringify(result ?? null).length)
    } catch (error) {
      if (typeof id === 'number') this.#write({ node, id, error: (error as Error).message })
    }
  }

  #write(item: ChannelItem, length = 0): void {
    this.#writer.write(item, length)
    if (this.#isCut || this.#writer.pending <= this.#mostPending) return
    this.#isCut = true
    for (const connection of this.#nodes.values()) connection.cut()
  }

  #restore(): void {
    if (!this.#isCut || this.#writer.pending > this.#mostPending / 2) return
    this.#isCut = false
    for (const [node, connection] of this.#nodes) {
      connection.restore()
      this.#writer.write({ node, told: 'restored', args: [] })
    }
  }
}
