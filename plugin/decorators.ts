import type { Server } from 'socket.io'
import type { AckHook, ErrorHook, EventHook } from './definition/context-types.js'
import type { ServerDescription } from './definition/contract/description.js'
import type { AsyncApiDocument } from './definition/contract/document-types.js'
import type { JoinSchemas } from './definition/contract/types-of.js'
import type { EventsHandledOrRelayed } from './definition/events/event-definition.js'
import type { NamespaceDefinition } from './definition/namespace-definition.js'
import type { UserId } from './definition/user-id.js'
import type { None, Schemas } from './schema/schema.js'
import type { KnownOf, LiveAddress, ReachOf, ReachParams } from './sockets/namespace-of.js'
import type { UserReach } from './sockets/user-of.js'
import type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

/*
 * The types of the decorators that the plugin adds to Fastify instances.
 */

/** The decorators that the plugin adds to a Fastify instance. */
export interface Decorators {
  /** Socket.IO's own server, with its complete API. */
  io: Server
  /**
   * Declares a namespace in this context. Call it before the instance is ready.
   *
   * @param name - e.g. `/reports` or `/orgs/:orgId`; it gets the prefix of the context
   * @param definition - the events, emits and hooks of the namespace
   * @returns the instance
   * @throws FST_NSP_NAME_INVALID, FST_NSP_DEFINITION_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_ALREADY_READY
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
    const Items extends Schemas = None,
    const Transactions extends Schemas = None,
    const Rooms extends Schemas = None,
  >(
    name: string,
    definition: NamespaceDefinition<
      Emits,
      Answers,
      Payloads,
      Replies,
      Failures,
      Join,
      Data,
      Items,
      Transactions,
      unknown,
      Rooms
    > &
      EventsHandledOrRelayed,
  ): this
  /**
   * Adds a hook for the events of every namespace declared in this context or below it, also after this call.
   *
   * @returns the instance
   * @throws FST_NSP_HOOK_INVALID for an unknown name or a hook that is not a function; FST_NSP_HOOK_LATE after the instance is ready
   *
   * @example
   * app.addNamespaceHook('onAck', ({ log, event }) => log.debug({ event: event.name }, 'event acked'))
   */
  addNamespaceHook(name: 'onEvent' | 'preValidation' | 'preHandler', hook: EventHook): this
  addNamespaceHook(name: 'onAck', hook: AckHook): this
  addNamespaceHook(name: 'onError', hook: ErrorHook): this
  /**
   * A declared namespace, to emit from a route, a job or another namespace.
   *
   * @param definition - the declared object, or its whole name, prefixes included
   * @param params - the params of a dynamic name
   * @throws FST_NSP_DEFINITION_UNKNOWN, FST_NSP_DEFINITION_AMBIGUOUS, FST_NSP_PARAMS_INVALID
   *
   * @example
   * app.namespaceOf(chat, { orgId: 42 }).to('members').emit('message:new', message)
   */
  namespaceOf<Definition>(definition: Definition, params?: ReachParams<Definition>): ReachOf<Definition>
  /**
   * The addresses of a declared namespace that have sockets on this node. A static name is always listed, with or without sockets.
   *
   * @param definition - the declared object, or its whole name, prefixes included
   * @returns each address with its params, as their schema has parsed them
   * @throws FST_NSP_DEFINITION_UNKNOWN
   *
   * @example
   * for (const { address, params } of app.addressesOf(org)) app.log.info({ address, org: params.orgId })
   */
  addressesOf<Definition>(definition: Definition): LiveAddress<Definition>[]
  /**
   * Every socket of a user, to emit to. With an adapter, on every node. The option `userIdOf` assigns sockets to users.
   *
   * @param id - the user's id
   * @param definition - only the sockets of this definition. Default: of each namespace that declares the emit.
   * @throws FST_NSP_USER_ID_INVALID, FST_NSP_DEFINITION_UNKNOWN
   *
   * @example
   * app.userOf(order.customerId, shop).emit('order:paid', { id: order.id })
   */
  userOf<Definition = unknown>(id: UserId, definition?: Definition): UserReach<KnownOf<Definition>['emits']>
  /**
   * Disconnects every socket of a user, in every namespace and, with an adapter, on every node. The client first receives
   * `namespace:disconnect` with `FST_NSP_USER_DISCONNECTED`.
   *
   * @param id - the user's id
   * @param reason - the message for the client
   * @returns the number of sockets on this node
   * @throws FST_NSP_USER_ID_INVALID
   *
   * @example
   * app.disconnectUser(user.id, 'Signed out')
   */
  disconnectUser(id: UserId, reason?: string): number
  /**
   * Ends the connections in batches, as the option `drain` says, and refuses new ones with 503. Call it before `close()`: routes
   * still answer meanwhile.
   *
   * @returns resolves when every connection has been told to end
   *
   * @example
   * process.once('SIGTERM', () => app.drainSockets().then(() => app.close()))
   */
  drainSockets(): Promise<void>
  /**
   * Whether `drainSockets()` was called: answer 503 to the readiness probe of a load balancer.
   *
   * @example
   * app.get('/ready', (request, reply) => reply.code(app.isDraining() ? 503 : 200).send())
   */
  isDraining(): boolean
  /**
   * Prints the declared namespaces as a tree, as `printRoutes()` prints routes.
   *
   * @returns the tree
   */
  printNamespaces(): string
  /**
   * Describes the declared namespaces, with their schemas as JSON Schema: plain, frozen and JSON-ready. Call it when the instance
   * is ready, so that every namespace and every schema of `addSchema()` is there.
   *
   * @returns the same for the same definitions, on every node
   *
   * @example
   * const [chat] = app.describeNamespaces().namespaces
   */
  describeNamespaces(): ServerDescription
  /**
   * The AsyncAPI 3.1 document of the declared namespaces, with the settings of the option `document`. Call it when the instance
   * is ready, so that all is declared.
   *
   * @returns a frozen object; with `yaml`, a promise of its text
   *
   * @example
   * await app.ready()
   * await writeFile('asyncapi.yaml', await app.asyncapi({ yaml: true }))
   */
  asyncapi(options: { readonly yaml: true }): Promise<string>
  asyncapi(options?: { readonly yaml?: false }): AsyncApiDocument
  /**
   * Joins a namespace with Socket.IO's own client, in this process and without a port. For tests, as `inject()` is for routes.
   *
   * @param address - the address of the namespace, e.g. `/orgs/42`
   * @returns the client's socket, which has joined
   * @throws the client's error: its `data` is the refusal of the namespace, or `{ statusCode }` of a refused handshake.
   * FST_NSP_CLIENT_MISSING, FST_NSP_NAME_INVALID, FST_NSP_OPTIONS_INVALID.
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
