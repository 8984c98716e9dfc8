/*
 * The types of what is told of presence. Front ends read them, too.
 */

/** Someone who is here: the devices with one key. */
export interface PresenceEntry<Meta = unknown> {
  /** E.g. the id of a user. */
  readonly key: string
  /** How many sockets with this key are here, on all nodes. */
  readonly devices: number
  /** What the last one of them has told about itself. */
  readonly meta: Meta
}

/** Everyone who is here: the payload of `presence:state`. */
export interface PresenceState<Meta = unknown> {
  /** The room, of which this is told, e.g. `ticket/42`; undefined: the whole namespace. */
  readonly room?: string
  readonly entries: PresenceEntry<Meta>[]
  /** How many others are here, above `maxKeys`. */
  readonly more: number
}

/** What has changed: the payload of `presence:change`. */
export interface PresenceChange<Meta = unknown> {
  /** The room, of which this is told, e.g. `ticket/42`; undefined: the whole namespace. */
  readonly room?: string
  readonly joined: PresenceEntry<Meta>[]
  /** The keys of those who have left. */
  readonly left: string[]
  /** Those with another number of devices, or another `meta`. */
  readonly updated: PresenceEntry<Meta>[]
  /** How many others are here, above `maxKeys`. */
  readonly more: number
}
