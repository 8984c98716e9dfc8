/*
 * Leases of addresses: of all nodes, one at a time may do something for an address.
 */

export interface AddressLeases {
  /** Milliseconds for which a lease may be used after it was asked for. Other nodes get it later than that. */
  readonly usableMs: number
  /**
   * Takes the lease of an address, or prolongs that of this node.
   *
   * @returns whether this node has it
   * @throws (rejects) if the broker does not answer
   */
  claim(address: string): Promise<boolean>
  /**
   * Gives the lease of an address back, and tells the other nodes. A lease of another node stays.
   *
   * @throws (rejects) if the broker does not answer
   */
  release(address: string): Promise<void>
  /** Calls `handle` with each address whose lease another node has given back. */
  onReleased(handle: (address: string) => void): void
}

/** The leases of a node without others: it always has them. */
export const OWN_LEASES: AddressLeases = {
  usableMs: Number.POSITIVE_INFINITY,
  claim: async () => true,
  release: async () => {},
  onReleased() {},
}
