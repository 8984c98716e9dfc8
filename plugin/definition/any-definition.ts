import type { FastifyInstance } from 'fastify'
import type { AnyType } from '../schema/schema.js'
import type {
  AnyEventContext,
  AnyRelayContext,
  DisconnectContext,
  EventHooks,
  HandlerContext,
} from './context-types.js'
import type { ExampleOptions, ProseOptions } from './contract/prose-options.js'
import type { StreamEventOptions } from './contract/stream-event-options.js'
import type { JoinSchemas } from './contract/types-of.js'
import type { EventOptions, HandledOrRelayed } from './events/event-definition.js'
import type { RelayOptions } from './events/relay-options.js'
import type { WaitingOptions } from './events/waiting-options.js'
import type { FeedContext, FeedHooks } from './feed-types.js'
import type { JoinHooks, JoinRequest, JoinRouteOptions } from './join-types.js'
import type { PresenceRules } from './presence/presence-options.js'
import type { AnyRoomDefinitions } from './rooms/room-definition.js'

/*
 * The types of definitions without inferred types, e.g. inside the options of `register()`.
 */

/** A definition of any types, e.g. for a list of them. Its functions are declared as methods, so that any definition fits. */
export interface AnyNamespaceDefinition<Payload = unknown>
  extends JoinHooks<AnyType>,
    JoinRouteOptions,
    ProseOptions,
    FeedHooks<FeedContext<AnyType, AnyType, AnyType>> {
  /** The schemas of the joining request: `params`, `querystring`, `headers` and `auth`. */
  schema?: JoinSchemas
  /** The type of `socket.data`: a schema, or `dataType<Data>()`. It is not checked at run time. */
  data?: unknown
  /** Events that the server sends: the schema of the `payload`, and `reply` for the answers of clients. */
  emits?: {
    readonly [event: string]: { payload?: unknown; reply?: unknown } & WaitingOptions<AnyType> & ExampleOptions
  }
  /** Events that clients send. */
  events?: { readonly [event: string]: AnyEventDefinition<Payload> }
  /** Rooms that clients may join. */
  rooms?: AnyRoomDefinitions
  /** Hooks of every event of this definition. */
  eventHooks?: EventHooks
  /**
   * Whether the events of one socket run one after another, and not at the same time.
   * @defaultValue `false`
   */
  sequential?: boolean
  /**
   * What happens when a client joins that was built with another contract of this namespace.
   * @defaultValue `'warn'`
   */
  contractMismatch?: 'off' | 'warn' | 'refuse'
  /** Who is here: clients are told by `presence:state` and `presence:change`. */
  presence?: PresenceRules & {
    /** Who a socket belongs to. */
    key(this: FastifyInstance, source: AnyPresenceSource): string | number | undefined | null
    /** What is shown of a key, as JSON. @defaultValue null */
    meta?(this: FastifyInstance, source: AnyPresenceSource): unknown
  }
  /**
   * The time at which a socket is disconnected, with `FST_NSP_IDENTITY_EXPIRED`.
   *
   * @returns a Date, milliseconds since the epoch, or undefined for no expiry
   * @defaultValue the `exp` of a verified JWT, else no expiry
   */
  expiresAt?(this: FastifyInstance, request: JoinRequest<AnyType>): Date | number | undefined
  /** Runs once for each socket that has joined; its events wait. If it throws, the socket is disconnected. */
  onConnect?(
    this: FastifyInstance,
    context: HandlerContext<AnyType, AnyType, AnyType, AnyType, AnyType, AnyType>,
  ): unknown
  /** Runs instead of `onConnect` for a recovered socket. */
  onRecover?(
    this: FastifyInstance,
    context: HandlerContext<AnyType, AnyType, AnyType, AnyType, AnyType, AnyType>,
  ): unknown
  /** Runs once for each socket whose `onConnect` ran, after that has settled. */
  onDisconnect?(
    this: FastifyInstance,
    context: DisconnectContext<AnyType, AnyType, AnyType, AnyType, AnyType, AnyType>,
  ): unknown
}

/** What is known of a socket that is to be counted. */
interface AnyPresenceSource {
  request: JoinRequest<AnyType>
  params: AnyType
}

/** An event of any types. */
type AnyEventDefinition<Payload> = AnyEventOptions &
  HandledOrRelayed<AnyHandler<Payload>, RelayOptions<AnyType, string, AnyRelayContext>>

// The type of a method, so that any handler fits.
type AnyHandler<Payload> = {
  handler(this: FastifyInstance, payload: Payload, context: AnyEventContext): unknown
}['handler']

interface AnyEventOptions extends EventOptions<AnyType, AnyEventContext>, StreamEventOptions<AnyType> {
  /** The schema of the payload. */
  payload?: unknown
  /** The schema of the `data` of the ack. */
  reply?: unknown
  /** The errors of the event: code -> schema of its data. */
  errors?: unknown
  /** The schema of an item. It makes the event a stream. */
  stream?: unknown
}

/** A payload without an inferred type. Reading a property of it is a type error that shows the hint. */
interface Uninferred<Hint extends string> {
  readonly [HINT]?: Hint
}
declare const HINT: unique symbol

/** A definition inside the options of `register()`, which infers no types: its payloads have none. */
export type InlineDefinition = AnyNamespaceDefinition<
  | Uninferred<'register() infers no types: write namespaces: defineNamespaces({ … }), or give a defineNamespace({ … })'>
  | null
  | undefined
>
