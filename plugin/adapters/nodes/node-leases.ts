import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { AddressLeases } from '../../shared/address-leases.js'
import type { Broker } from '../broker.js'
import type { NodeMessages } from './node-messages.js'

/*
 * The leases of a node of a cluster. Each is kept by the broker as a session is, which one node at a time can write.
 */

export interface NodeLeasesOptions {
  /** The id of this node. */
  readonly id: string
  readonly messages: Pick<NodeMessages, 'on' | 'send'>
  readonly broker: Pick<Broker, 'putSession'>
}

// A node that dies keeps its leases for so long.
const LEASE_MS = 8_000
// Less, by as much as the clocks of a node and the broker may differ meanwhile, and a timer of the node be late.
const USABLE_MS = 5_000
// A lease that is given back is one for another millisecond: whoever hears of it earlier would come in vain.
const ENDING_MS = 1
const ENDED_MS = 5

const RELEASED = 'lease released'

export function createLeases({ id, messages, broker }: NodeLeasesOptions): AddressLeases {
  // A whole value of JSON: no other node's begins with it.
  const own = JSON.stringify(id)
  const write = (address: string, ttlMs: number) => broker.putSession(leaseOf(address), own, ttlMs, own)

  return {
    usableMs: USABLE_MS,
    claim: (address) => write(address, LEASE_MS),
    async release(address) {
      if (!(await write(address, ENDING_MS))) return
      await setTimeout(ENDED_MS)
      messages.send(undefined, RELEASED, address)
    },
    onReleased(handle) {
      messages.on(RELEASED, (_from, address) => handle(String(address)))
    },
  }
}

/** The id under which the broker keeps a lease: it has a space, so it is no private id of a client; and it is short. */
function leaseOf(address: string): string {
  return `lease ${createHash('sha256').update(address).digest('base64url')}`
}
