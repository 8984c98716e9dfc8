import type { Server } from 'socket.io'
import type {
  AckHook,
  ErrorHook,
  EventHook,
  JoinSchemas,
  NamespaceDefinition,
  None,
  Schemas,
} from './definition/namespace-definition.js'
import type { UserId } from './definition/user-id.js'
import type { KnownOf, LiveAddress, ReachOf, ReachParams } from './sockets/namespace-of.js'
import type { UserReach } from './sockets/user-of.js'
import type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

/** What the plugin adds to a Fastify instance. */
export interface Decorators {
  /** Socket.IO's server. Everything of its own API is there and works. */
  io: Server
  /**
   * Declares a namespace in this context, below its prefix, until the instance is ready.
   * throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY.
   *
   * @example
   * app.register(async (scope) => { scope.namespace('/reports', reports) }, { prefix: '/v1' }) // -> /v1/reports
   */
  namespace<
    const Emits extends Schemas = None,
    const Answers extends Schemas = None,
    const Payloads extends Schemas = None,
    const Replies extends Schemas = None,
    const Failures extends Schemas = None,
    const Join extends JoinSchemas = None,
    const Data = unknown,
  >(name: string, definition: NamespaceDefinition<Emits, Answers, Payloads, Replies, Failures, Join, Data>): this
  /**
   * Adds a hook for the events of every namespace that is declared in this context or below, also of later ones.
   * throws FST_NSP_HOOK_INVALID; FST_NSP_HOOK_LATE once the instance is ready.
   */
  addNamespaceHook(name: 'onEvent' | 'preValidation' | 'preHandler', hook: EventHook): this
  addNamespaceHook(name: 'onAck', hook: AckHook): this
  addNamespaceHook(name: 'onError', hook: ErrorHook): this
  /**
   * A declared namespace, to emit to it from anywhere: by its definition, or by its whole name.
   * throws FST_NSP_DEFINITION_UNKNOWN, FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_PARAMS_INVALID.
   *
   * @example
   * app.namespaceOf(chat, { orgId: 42 }).to('members').emit('message:new', message)
   */
  namespaceOf<Definition>(definition: Definition, params?: ReachParams<Definition>): ReachOf<Definition>
  /**
   * The addresses of a declared namespace where somebody is, on this node, with their params; by its definition, or by its
   * whole name. A static name is always its own address. throws FST_NSP_DEFINITION_UNKNOWN.
   *
   * @example
   * for (const { address, params } of app.addressesOf(org)) app.log.info({ address, org: params.orgId })
   */
  addressesOf<Definition>(definition: Definition): LiveAddress<Definition>[]
  /**
   * Every socket of a user, in each namespace that declares the emit, or in those of one definition; with an adapter, on
   * every node. Whose a socket is, `userIdOf` says. throws FST_NSP_USER_ID_INVALID, FST_NSP_DEFINITION_UNKNOWN.
   *
   * @example
   * app.userOf(order.customerId, shop).emit('order:paid', { id: order.id })
   */
  userOf<Definition = unknown>(id: UserId, definition?: Definition): UserReach<KnownOf<Definition>['emits']>
  /**
   * Disconnects every socket of a user, in every namespace and, with an adapter, on every node; its client is told so
   * before, with the reason. Returns how many this node had.
   */
  disconnectUser(id: UserId, reason?: string): number
  /** Renders the declared namespaces as a tree, as printRoutes() does for routes. */
  printNamespaces(): string
  /**
   * Joins a namespace with the stock client, in this process and without a port: for tests, as inject() is for HTTP.
   * Rejects with the stock client's error: its `data` is what the namespace has refused with, or `{ statusCode }` of a
   * refused handshake. throws FST_NSP_CLIENT_MISSING, FST_NSP_NAME_INVALID, FST_NSP_OPTIONS_INVALID.
   *
   * @example
   * const client = await app.injectSocket<typeof chat>('/chat', { auth: { token } })
   * const { text } = await client.nextEvent('message:new')
   */
  injectSocket<Definition = unknown>(
    address: string,
    options?: InjectSocketOptions,
  ): Promise<InjectedSocket<Definition>>
}
