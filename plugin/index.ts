import fastifyPlugin from 'fastify-plugin'
import { plugin } from './plugin.js'

export type { AnyNamespaceDefinition, InlineDefinition } from './any-definition.js'
export { Binary, type BinaryOptions, type BinarySchema } from './binary.js'
export { type DataType, dataType } from './data-type.js'
export type {
  AckEnvelope,
  AckHook,
  AskOptions,
  Audience,
  DisconnectContext,
  ErrorHook,
  EventContext,
  EventHook,
  EventHooks,
  HandlerContext,
  JoinHook,
  JoinHooks,
  JoinRequest,
  NamespaceDefinition,
  SocketEmit,
} from './definition.js'
export type { TimedAudience } from './emitting.js'
export { type DefinedEvent, defineEvent } from './event-definition.js'
export type { Claim, ClaimOptions, IdempotencyOptions, IdempotencyStore } from './idempotency.js'
export type { Defined } from './inference.js'
export { defineNamespace, defineNamespaces } from './inference.js'
export type { InjectedSocket, InjectSocketOptions } from './inject.js'
export type { Limits } from './limits.js'
export type { MemoryStoreOptions } from './memory-store.js'
export { createMemoryStore } from './memory-store.js'
export type { NamespacesOptions } from './options.js'
export type { LiveAddress, Reach } from './reach.js'
export { requestOf } from './request.js'
export type { AnySchema, InputOf, OutputOf } from './schema.js'
export type { UserReach } from './user-reach.js'
export type { WireError } from './wire-error.js'

/**
 * The Fastify plugin: Socket.IO namespaces, declared like routes. Its options are {@link NamespacesOptions}.
 *
 * @example
 * import namespaces from 'fastify-namespaces'
 *
 * await app.register(namespaces, { namespaces: { '/chat': chat } })
 */
export default fastifyPlugin(plugin, { name: 'fastify-namespaces', fastify: '5.x' })
