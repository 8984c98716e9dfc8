import type { FastifyInstance } from 'fastify'
import type { JoinRequest, ParamsOf } from '../join-types.js'
import type { JoinedRoom } from '../rooms/room-definition.js'

/*
 * The types of the option `presence`: who is in a namespace.
 */

/** What is known of a socket that is to be counted. */
export interface PresenceSource<Join> {
  /** The request that joined the namespace. */
  readonly request: JoinRequest<Join>
  /** The params of the namespace's address. */
  readonly params: ParamsOf<Join>
  /** The room; undefined for the presence of the namespace. */
  readonly room?: JoinedRoom<unknown>
}

/** The part of the option `presence` that knows of no request. */
export interface PresenceRules {
  /**
   * Completes the `meta` of keys that this node does not know, many at a time. A key is shown when its `fetch` has ended, or after five
   * seconds. If it fails, the error is logged and `meta` is not completed.
   *
   * @returns a Map or an object, by key; an object in it is merged into `meta`, any other value replaces it
   */
  fetch?(this: FastifyInstance, keys: readonly string[]): unknown
  /**
   * How long a device that was lost may take to come back. Until then, nobody is told. Milliseconds.
   * @defaultValue 15_000
   */
  graceMs?: number
  /**
   * The longest `meta`, in bytes of its JSON. A longer one is logged, and null in its place.
   * @defaultValue 1_024
   */
  maxMetaBytes?: number
  /**
   * How many keys clients are told of. Others are counted in `more`.
   * @defaultValue 10_000
   */
  maxKeys?: number
}

/** Who is here: the option `presence` of a definition, or of a room. */
export interface PresenceOptions<Join, Source = PresenceSource<Join>> extends PresenceRules {
  /**
   * Who a socket belongs to: sockets with the same key are the devices of one entry. Called when a socket has joined, and after
   * `reauthenticate()`. A number counts as its string; at most 256 bytes.
   *
   * @returns undefined or null for a socket that is not counted
   */
  key(this: FastifyInstance, source: NoInfer<Source>): string | number | undefined | null
  /** What is shown of a key, as JSON. Called when a socket has joined, and after `reauthenticate()`. @defaultValue null */
  meta?(this: FastifyInstance, source: NoInfer<Source>): unknown
}

/** The presence of one socket: `presence` of its context. */
export interface SocketPresence {
  /**
   * Replaces the `meta` of this socket's key, for everyone. Does nothing if the socket is not counted.
   *
   * @param meta - JSON of at most `maxMetaBytes`
   * @param room - the name of a declared room with presence, e.g. `ticket/42`. Default: the whole namespace
   * @throws FST_NSP_PRESENCE_OFF, FST_NSP_META_INVALID
   *
   * @example
   * presence.update({ name: 'Ada', isTyping: true })
   */
  update(meta: unknown, room?: string): void
}
