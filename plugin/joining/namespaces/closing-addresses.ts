import { setTimeout as wait } from 'node:timers/promises'

/*
 * Addresses whose adapter has just been closed. A broker's client may still be unsubscribing: node-redis takes a
 * subscription that comes meanwhile for one that it has, and the namespace never hears another node. So such an address
 * is not opened again until that is over.
 */

// A broker on the same network answers within milliseconds. Nobody says when it has: close() resolves to nothing.
const QUARANTINE_MS = 1_000
// The longest that an adapter's close() is waited for.
const CLOSE_TIMEOUT_MS = 5_000

export interface Quarantine {
  /** Keeps an address shut while its adapter closes, and a while longer. */
  add(address: string, closing: unknown): void
  /** Resolves when an address may be opened; undefined if it may be now. Never rejects. */
  whenOver(address: string): Promise<void> | undefined
}

export function createQuarantine(): Quarantine {
  const addresses = new Map<string, Promise<void>>()

  return {
    add(address, closing) {
      const after = (ms: number) => wait(ms, undefined, { ref: false })
      const closed = Promise.race([Promise.resolve(closing).then(ignore, ignore), after(CLOSE_TIMEOUT_MS)])
      const over = Promise.all([closed, after(QUARANTINE_MS)]).then(() => {
        if (addresses.get(address) === over) addresses.delete(address)
      })
      addresses.set(address, over)
    },

    whenOver: (address) => addresses.get(address),
  }
}

function ignore(): void {}
