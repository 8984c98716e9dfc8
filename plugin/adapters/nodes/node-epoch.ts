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
  #isAsking = false
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

  /** @throws (rejects) if the broker does not answer */
  async open(): Promise<void> {
    this.#value = await this.#broker.epoch()
    this.#atLoss = this.#value
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
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }

  /** Called with an epoch that another node has used. If it is unknown, the broker is asked. */
  hear(epoch: string): void {
    if (epoch === this.#value || this.#isAsking || this.#known.has(epoch)) return
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.add(epoch)
    this.#isAsking = true
    this.#broker.epoch().then(
      (current) => {
        this.#isAsking = false
        this.#change(current)
      },
      () => {
        this.#isAsking = false
        this.#known.delete(epoch)
      },
    )
  }

  close(): void {
    this.#isClosed = true
  }

  #change(epoch: string): void {
    if (epoch === this.#value) return
    this.#known.add(this.#value)
    this.#value = epoch
    this.#onChange(epoch)
  }
}
