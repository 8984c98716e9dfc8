import { setTimeout as wait } from 'node:timers/promises'

/*
 * Addresses whose adapter has just been closed. While a broker's client still unsubscribes, node-redis takes a new
 * subscription to the same channel for the old one, and the namespace would never receive from other nodes. So such an
 * address stays closed until the unsubscription is over.
 */

// A broker on the same network answers within milliseconds. close() does not report the answer.
const UNSUBSCRIBE_MS = 1_000
// The time limit of an adapter's close().
const CLOSE_TIMEOUT_MS = 5_000

export interface ClosingAddresses {
  /** Keeps an address closed while its adapter closes, and for one second after that. */
  add(address: string, closing: unknown): void
  /** A promise that resolves when the address may be opened; undefined if it may be opened now. Never rejects. */
  whenOver(address: string): Promise<void> | undefined
}

export function createClosingAddresses(): ClosingAddresses {
  const addresses = new Map<string, Promise<void>>()

  return {
    add(address, closing) {
      const after = (ms: number) => wait(ms, undefined, { ref: false })
      const closed = Promise.race([Promise.resolve(closing).then(ignore, ignore), after(CLOSE_TIMEOUT_MS)])
      const over = Promise.all([closed, after(UNSUBSCRIBE_MS)]).then(() => {
        if (addresses.get(address) === over) addresses.delete(address)
      })
      addresses.set(address, over)
    },

    whenOver: (address) => addresses.get(address),
  }
}

function ignore(): void {}
