import type { FastifyInstance } from 'fastify'
import type { None, Schemas } from '../schema/schema.js'
import type { DisconnectContext, EventContext, EventHooks, HandlerContext } from './context-types.js'
import type { EmitDefinitions } from './contract/define-contract.js'
import type { ProseOptions } from './contract/prose-options.js'
import type { JoinSchemas } from './contract/types-of.js'
import type { EventDefinitions } from './events/event-definition.js'
import type { FeedContext, FeedHooks } from './feed-types.js'
import type { JoinHooks, JoinRequest, JoinRouteOptions, ParamsOf } from './join-types.js'
import type { PresenceRules } from './presence/presence-options.js'
import type { RoomDefinitions } from './rooms/room-definition.js'

/*
 * The type of a definition. Type parameters map the name of an event to a schema: Emits and Answers come from `emits`, Payloads,
 * Replies, Failures and Items from `events`. Transactions maps it to the `transaction` of its idempotency. Join maps the parts of the
 * joining request to schemas, from `schema`. Data is the schema of `socket.data`. Doing is that of EventDefinitions. NoInfer: without
 * it, `...base` in a definition would fix these types to those of the base.
 */

/** What the server does: the part of a definition that is not its contract. */
export interface NamespaceBehaviour<Emits, Answers, Failures, Join, Data, Payloads, Rooms>
  extends JoinHooks<NoInfer<Join>>,
    JoinRouteOptions,
    FeedHooks<NoInfer<FeedContext<Emits, Join, Data>>> {
  /** Hooks of every event of this definition. */
  eventHooks?: EventHooks<NoInfer<EventContext<Emits, Answers, Failures, Join, Data, Payloads, Rooms>>>
  /**
   * Whether the events of one socket run one after another, and not at the same time.
   * @defaultValue `false`
   */
  sequential?: boolean
  /**
   * What happens when a client joins that was built with another contract of this namespace: nothing; the client is told, by the emit
   * `namespace:contract`; or it is refused with `FST_NSP_CONTRACT_MISMATCH`.
   * @defaultValue `'warn'`
   */
  contractMismatch?: 'off' | 'warn' | 'refuse'
  /** Who is here: clients are told by `presence:state` and `presence:change`. Without it, nobody is counted. */
  // Not PresenceOptions<Join>: `...base` would fix Join to that of the base.
  presence?: PresenceRules & {
    /** Who a socket belongs to: see PresenceOptions. */
    key(
      this: FastifyInstance,
      source: NoInfer<{ request: JoinRequest<Join>; params: ParamsOf<Join> }>,
    ): string | number | undefined | null
    /** What is shown of a key, as JSON. @defaultValue null */
    meta?(this: FastifyInstance, source: NoInfer<{ request: JoinRequest<Join>; params: ParamsOf<Join> }>): unknown
  }
  /**
   * The time at which a socket is disconnected, with `FST_NSP_IDENTITY_EXPIRED`. Called after the joining hooks, and on `reauthenticate()`.
   *
   * @returns a Date, milliseconds since the epoch, or undefined for no expiry
   * @defaultValue the `exp` of a verified JWT, else no expiry
   */
  expiresAt?(this: FastifyInstance, request: NoInfer<JoinRequest<Join>>): Date | number | undefined
  /**
   * Runs once for each socket that has joined. Its events wait until `onConnect` has settled, for `onConnectTimeoutMs` at most. If it
   * throws, the error is logged and the socket is disconnected.
   */
  onConnect?(
    this: FastifyInstance,
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, Payloads, Rooms>>,
  ): unknown
  /** Runs instead of `onConnect` for a recovered socket, which has its former id, rooms and data. */
  onRecover?(
    this: FastifyInstance,
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, Payloads, Rooms>>,
  ): unknown
  /** Runs once for each socket whose `onConnect` ran, after that has settled. `app.close()` awaits it. An error is logged. */
  onDisconnect?(
    this: FastifyInstance,
    context: NoInfer<DisconnectContext<Emits, Answers, Join, Data, Payloads, Rooms>>,
  ): unknown
}

/** One namespace, as you declare it: the argument of `defineNamespace()` and `app.namespace()`. */
export interface NamespaceDefinition<
  Emits,
  Answers = None,
  Payloads = None,
  Replies = None,
  Failures = None,
  Join = None,
  Data = unknown,
  Items = Schemas,
  Transactions = None,
  Doing = unknown,
  Rooms = None,
> extends NamespaceBehaviour<Emits, Answers, Failures, Join, Data, Payloads, Rooms>,
    ProseOptions {
  /**
   * The schemas of the joining request: `params`, `querystring` and `headers` as in a route, and Socket.IO's `auth`. A request that
   * does not fit is refused with `FST_NSP_CONNECT_INVALID`.
   */
  schema?: { readonly [Part in keyof Join & keyof JoinSchemas]: Join[Part] } & JoinSchemas
  /** The type of `socket.data`: a schema, or `dataType<Data>()`. It is not checked at run time, as no client can write it. */
  data?: Data
  /** Events that the server sends: the schema of the `payload`, and `reply` for the answers of clients. */
  emits?: EmitDefinitions<Emits, Answers>
  /** Events that clients send. */
  events?: EventDefinitions<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Transactions, Doing, Rooms>
  /** Rooms that clients may join: a pattern, e.g. `ticket/:id`, and who may join. */
  rooms?: RoomDefinitions<Rooms, NoInfer<Emits>, NoInfer<Answers>, NoInfer<Join>, NoInfer<Data>, NoInfer<Payloads>>
}
