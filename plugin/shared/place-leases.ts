/*
 * Leases of places: of all nodes, one at a time may do something for a place. A place is any text, e.g. an address.
 */

export interface PlaceLeases {
  /**
   * Takes the lease of a place, or prolongs that of this node.
   *
   * @returns until when this node may use it, in milliseconds of the node's clock; 0 if another node has it
   * @throws (rejects) if the broker does not answer
   */
  claim(place: string): Promise<number>
  /**
   * Forgets a place; if this node has its lease, gives it back, and tells the other nodes.
   *
   * @throws (rejects) if the broker does not answer
   */
  release(place: string): Promise<void>
  /** Calls `handle` with each place whose lease another node has given back. */
  onReleased(handle: (place: string) => void): void
}

/** The leases of a node without others: it always has them. */
export const OWN_LEASES: PlaceLeases = {
  claim: async () => Number.POSITIVE_INFINITY,
  release: async () => {},
  onReleased() {},
}
