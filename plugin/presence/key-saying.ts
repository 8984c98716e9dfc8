/*
 * What a node tells of a key, of its own sockets only. The values are absolute, so that one that is told twice changes nothing.
 */

/**
 * `connected`: the devices that are connected. `leaving`: those that were lost within the time of grace. `at`: when `meta` was set;
 * the newest one counts.
 */
export type KeySaying = readonly [connected: number, leaving: number, at: number, meta: unknown]

/** What a node tells of the keys of a place. */
export type KeySayings = ReadonlyMap<string, KeySaying>

/**
 * The name of what has a list of its own: an address, or a room of an address. The nodes tell each other of places by these names:
 * a wire format.
 */
export function placeOf(address: string, room?: string): string {
  return room === undefined ? address : `${address}\n${room}`
}
