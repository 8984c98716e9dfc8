import { setTimeout } from 'node:timers/promises'
import type { Broker } from '../broker.js'

/*
 * The epoch of the broker's data, as this node knows it. When the broker has lost something, one node renews it; the others learn
 * of it by what that node says.
 */

// How long to wait before the broker is asked again.
const RETRY_MS = 100
// Epochs that are known not to be the current one.
const MOST_KNOWN = 100

export class NodeEpoch {
  readonly #broker: Pick<Broker, 'epoch' | 'renewEpoch'>
  readonly #onChange: (epoch: string) => void
  readonly #known = new Set<string>()
  #value = ''
  #atLoss = ''
  #learning: Promise<void> | undefined
  #isClosed = false

  /** `onChange` is called with each epoch after the first one. */
  constructor(broker: Pick<Broker, 'epoch' | 'renewEpoch'>, onChange: (epoch: string) => void) {
    this.#broker = broker
    this.#onChange = onChange
  }

  get value(): string {
    return this.#value
  }

  /** The epoch at the time when the connection was lost. */
  get atLoss(): string {
    return this.#atLoss
  }

  /**
   * Asks the broker for the first time.
   *
   * @param isPatient - called with each failure; returns whether to ask again
   * @throws (rejects) the failure, or that this was closed
   */
  async open(isPatient: (error: unknown) => boolean): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#value = await this.#broker.epoch()
        this.#atLoss = this.#value
        return
      } catch (error) {
        if (this.#isClosed || !isPatient(error)) throw error
        await retryTime()
      }
    }
    throw new Error('The node was closed')
  }

  /**
   * Asks the broker again: whoever deletes its data does not say so.
   *
   * @throws (rejects) if the broker does not answer
   */
  async ask(): Promise<void> {
    const before = this.#value
    const epoch = await this.#broker.epoch()
    // An answer that was under way while the epoch was renewed is an old one.
    if (this.#value === before) this.#change(epoch)
  }

  lose(): void {
    this.#atLoss = this.#value
  }

  /** Renews the epoch at the time of the loss, unless another node did. Resolves when the new one is known. */
  async renew(): Promise<void> {
    const old = this.#atLoss
    while (!this.#isClosed) {
      try {
        this.#change(await this.#broker.renewEpoch(old))
        return
      } catch {
        await retryTime()
      }
    }
  }

  /**
   * Called with an epoch that another node has used. If it is unknown, the broker is asked; the promise resolves when it has answered,
   * or a little later if it can't.
   */
  hear(epoch: string): Promise<void> | undefined {
    if (epoch === this.#value || this.#known.has(epoch)) return undefined
    this.#learning ??= this.#learn(epoch)
    return this.#learning
  }

  close(): void {
    this.#isClosed = true
  }

  async #learn(epoch: string): Promise<void> {
    try {
      await this.ask()
      if (this.#known.size >= MOST_KNOWN) this.#known.clear()
      this.#known.add(epoch)
    } catch {
      await retryTime()
    }
    this.#learning = undefined
  }

  #change(epoch: string): void {
    if (epoch === this.#value) return
    this.#known.add(this.#value)
    this.#value = epoch
    this.#onChange(epoch)
  }
}

function retryTime(): Promise<void> {
  return setTimeout(RETRY_MS, undefined, { ref: false })
}
