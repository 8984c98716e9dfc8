/*
 * The subpath export `fastify-namespaces/client`: a client for front ends, and types for the stock client.
 */

export type { AnyClient, AnyJoined, ItemStream } from './client/any-client.js'
export { CallError, type ClientErrorCode } from './client/call-error.js'
export type {
  AuthRequest,
  CallOptions,
  ClientAuth,
  ClientContractDifference,
  ClientJoinOptions,
  ClientOptions,
  ClientStreamOptions,
  GapReason,
  JoinState,
} from './client/client-options.js'
export { createClient } from './client/create-client.js'
export { type FollowedPresence, followPresence } from './client/presence/follow-presence.js'
export type { PresentPeople } from './client/presence/presence-use.js'
export type { Readable } from './client/readable.js'
export { joinRoom } from './client/rooms/join-room.js'
export type { RoomState, RoomUse } from './client/rooms/room-use.js'
export type { CallErrorOf } from './client/types/call-error-of.js'
export type {
  DescribedNamespace,
  EmitDescribed,
  EventDescribed,
  NamespaceDescribed,
} from './client/types/described-namespace.js'
export type { Client } from './client/types/typed-client.js'
export type { Joined } from './client/types/typed-joined.js'
export type { AuthOf, ClientSocket } from './definition/client-types.js'
export type { PresenceChange, PresenceEntry, PresenceState } from './definition/presence/presence-types.js'
export { roomName } from './definition/rooms/room-name.js'
