import type { Broker } from '../broker.js'
import type { ClusterLog } from '../log/cluster-log.js'
import type { NodeEpoch } from './node-epoch.js'

/*
 * What nodes tell of their last entries in a log. A gap is seen at the next entry of the same node; if there is none, only this tells
 * that the broker has dropped what this node has not read.
 */

export interface ToldEntriesOptions {
  /** The number of the log. */
  readonly number: number
  readonly broker: Pick<Broker, 'read'>
  readonly log: Pick<ClusterLog, 'lacks' | 'end' | 'lose'>
  readonly epoch: Pick<NodeEpoch, 'value'>
}

interface ToldEntry {
  readonly number: number
  readonly place: string
}

// Within this time a node appends again what the broker has lost, and this node reads it.
const SETTLE_MS = 3_000

export class ToldEntries {
  readonly #options: ToldEntriesOptions
  /** By node: entries that were not read. There are no more nodes than members. */
  readonly #told = new Map<string, ToldEntry>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ToldEntriesOptions) {
    this.#options = options
  }

  /** Called with the number and the offset of the last entry of a node that is alive. */
  hear(node: string, number: number, place: string): void {
    if (this.#told.has(node) || !this.#options.log.lacks(node, number, place)) return
    this.#told.set(node, { number, place })
    this.#timer ??= this.#checkLater()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#told.clear()
  }

  #checkLater(): NodeJS.Timeout {
    const { value } = this.#options.epoch
    return setTimeout(() => void this.#check(value), SETTLE_MS).unref()
  }

  /** `epoch`: the one of three seconds ago. */
  async #check(epoch: string): Promise<void> {
    // At first, because what was told before another loss belongs to that.
    const isGone = this.#isLacking() && epoch === this.#options.epoch.value && (await this.#isAtEnd())
    if (isGone && this.#isLacking()) this.#options.log.lose()
    this.#timer = this.#isLacking() ? this.#checkLater() : undefined
  }

  /** Whether this node has read everything that the broker has. */
  async #isAtEnd(): Promise<boolean> {
    const { broker, number, log } = this.#options
    const { end } = log
    if (end === undefined) return false
    const part = await broker.read(number, end, 1).catch(() => undefined)
    return part?.entries.length === 0 && log.end === end
  }

  /** Forgets what was read meanwhile, and returns whether there is more. */
  #isLacking(): boolean {
    for (const [node, { number, place }] of this.#told) {
      if (!this.#options.log.lacks(node, number, place)) this.#told.delete(node)
    }
    return this.#told.size > 0
  }
}
