import fastifyPlugin from 'fastify-plugin'
import { plugin } from './plugin.js'

export type {
  AnyNamespaceDefinition,
  DisconnectContext,
  EmitEvents,
  HandlerContext,
  NamespaceDefinition,
} from './definition.js'
export { defineNamespace } from './definition.js'
export { requestOf } from './handshake.js'
export type { NamespacesOptions } from './options.js'
export type { AnySchema, InputOf, OutputOf } from './schema.js'

/**
 * Socket.IO namespaces for Fastify, declared like routes.
 *
 * @example
 * await app.register(namespaces, { namespaces: { '/chat': chat } })
 */
export default fastifyPlugin(plugin, { name: 'fastify-namespaces', fastify: '5.x' })
