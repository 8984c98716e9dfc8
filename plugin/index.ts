import fastifyPlugin from 'fastify-plugin'
import { plugin } from './plugin.js'

/*
 * The entry point of the package: the plugin, the functions that define namespaces, and their types.
 */

export type {
  AdapterOptions,
  ClusterAdapterOptions,
  CreateAdapter,
  PostgresAdapterOptions,
  RedisAdapterOptions,
} from './definition/adapters/adapter-types.js'
export type { AnyNamespaceDefinition, InlineDefinition } from './definition/any-definition.js'
export type {
  AckHook,
  DisconnectContext,
  ErrorHook,
  EventContext,
  EventHook,
  EventHooks,
  HandlerContext,
} from './definition/context-types.js'
export type { AckEnvelope } from './definition/contract/ack-envelope.js'
export type {
  ContractMismatch,
  EmitDescription,
  EventDescription,
  JsonSchema,
  NamespaceDescription,
  RoomDescription,
  SchemaDescription,
  ServerDescription,
  StreamDescription,
} from './definition/contract/description.js'
export type { AsyncApiDocument } from './definition/contract/document-types.js'
export { type DataType, dataType } from './definition/data-type.js'
export { type DefinedEvent, defineEvent } from './definition/define-event.js'
export type { Defined } from './definition/define-namespace.js'
export { defineNamespace, defineNamespaces } from './definition/define-namespace.js'
export type { AskOptions, Audience, SocketEmit, TimedAudience } from './definition/emit-types.js'
export type { FeedContext } from './definition/feed-types.js'
export type {
  BeginOptions,
  Claim,
  ClaimOptions,
  ClaimTransaction,
  IdempotencyOptions,
  IdempotencyStore,
  SqlClient,
  SqlResult,
  SqlStatement,
  TransactionContext,
} from './definition/idempotency.js'
export type { JoinHook, JoinHooks, JoinRequest } from './definition/join-types.js'
export type { MemoryStoreOptions } from './definition/memory/memory-store.js'
export { createMemoryStore } from './definition/memory/memory-store.js'
export type { NamespaceDefinition } from './definition/namespace-definition.js'
export type { DocumentOptions } from './definition/normalize/document-options.js'
export type { NamespacesOptions } from './definition/normalize/plugin-options.js'
export type {
  EmitOutbox,
  OutboxClient,
  OutboxDelivery,
  OutboxEmit,
  OutboxRepeat,
  OutboxTurn,
} from './definition/outbox/emit-outbox.js'
export type { PresenceOptions, PresenceSource, SocketPresence } from './definition/presence/presence-options.js'
export type { PresenceChange, PresenceEntry, PresenceState } from './definition/presence/presence-types.js'
export type { RoomContext } from './definition/rooms/room-definition.js'
export { roomName } from './definition/rooms/room-name.js'
export type { JoinedRoom } from './definition/rooms/room-types.js'
export { requestOf } from './engine/http/connect-request.js'
export { Binary, type BinaryOptions, type BinarySchema } from './schema/binary/binary-keyword.js'
export type { AnySchema, InputOf, None, OutputOf } from './schema/schema.js'
export type { Limits } from './shared/limits.js'
export type { WireError } from './shared/wire-error.js'
export type { LiveAddress, Reach } from './sockets/namespace-of.js'
export type { UserReach } from './sockets/user-of.js'
export type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

/**
 * The Fastify plugin: Socket.IO namespaces, declared like routes. Its options are {@link NamespacesOptions}.
 *
 * @example
 * import namespaces from 'fastify-namespaces'
 *
 * await app.register(namespaces, { namespaces: { '/chat': chat } })
 */
export default fastifyPlugin(plugin, { name: 'fastify-namespaces', fastify: '5.x' })

//TODO
