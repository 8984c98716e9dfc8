import type { LogReceiver } from '../log/log-item.js'

/*
 * The addresses that are live on this node, by the log that each belongs to.
 */

export class LiveAddresses {
  readonly #receivers: readonly Map<string, LogReceiver>[]
  /** So that the address of an emit is not hashed each time. */
  readonly #numbers = new Map<string, number>()

  /** `logs`: how many there are. */
  constructor(logs: number) {
    this.#receivers = Array.from({ length: logs }, () => new Map())
  }

  /** The receivers of each log, by address. */
  get receivers(): readonly ReadonlyMap<string, LogReceiver>[] {
    return this.#receivers
  }

  /** The number of the log of an address, live or not; the same on every node. */
  logOf(address: string): number {
    return this.#numbers.get(address) ?? hashOf(address) % this.#receivers.length
  }

  find(address: string): LogReceiver | undefined {
    return this.#receivers[this.logOf(address)]?.get(address)
  }

  set(address: string, receiver: LogReceiver): void {
    const number = this.logOf(address)
    this.#numbers.set(address, number)
    this.#receivers[number]?.set(address, receiver)
  }

  /** Removes an address, unless it has another receiver now. */
  delete(address: string, receiver: LogReceiver): void {
    if (this.find(address) !== receiver) return
    this.#receivers[this.logOf(address)]?.delete(address)
    this.#numbers.delete(address)
  }
}

/** The FNV-1a hash of a text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
