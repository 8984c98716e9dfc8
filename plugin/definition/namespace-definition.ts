import type { FastifyInstance } from 'fastify'
import type { InputOf, None, OutputOf } from '../schema/schema.js'
import type { DisconnectContext, EventContext, EventHooks, HandlerContext } from './context-types.js'
import type { IdempotencyOptions } from './idempotency.js'
import type { JoinHooks, JoinRequest, JoinRouteOptions, JoinSchemas } from './join-types.js'

/*
 * The type of a definition. Type parameters map the name of an event to a schema: Emits and Answers come from `emits`, Payloads,
 * Replies and Failures from `events`. Join maps the parts of the joining request to schemas, from `schema`. Data is the
 * schema of `socket.data`. NoInfer: without it, `...base` in a definition would fix these types to those of the base.
 */

type Awaitable<Type> = Type | Promise<Type>
type HandlerPayload<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>
type ReturnOf<Schema> = unknown extends Schema ? unknown : Awaitable<Readable<InputOf<Schema>>>

/** A readonly version of a reply: a handler may return literals that are readonly. */
type Readable<Type> = Type extends ReplyLeaf
  ? Type
  : Type extends object
    ? { readonly [Key in keyof Type]: Readable<Type[Key]> }
    : Type
type ReplyLeaf = string | number | bigint | boolean | symbol | null | undefined | ((...args: never[]) => unknown)

/** The options of every event, with any types. */
export interface EventOptions<Payload, Context> extends EventHooks<Context> {
  /** One sentence for people. */
  description?: string
  /**
   * Milliseconds that hooks and handler may take before the event is answered with `FST_NSP_HANDLER_TIMEOUT` and `signal` aborts.
   * 0 turns it off.
   * @defaultValue `handlerTimeoutMs` of the plugin
   */
  handlerTimeoutMs?: number
  /** Runs the handler once for all events with the same key, and answers each of them with the first ack. */
  idempotency?: IdempotencyOptions<Payload, Context>
}

/**
 * Events that clients send. Three mapped types, so that TypeScript infers payload, reply and errors of each event from its own
 * properties. The first one types the handler's arguments, the second one its result.
 */
type EventDefinitions<Emits, Answers, Payloads, Replies, Failures, Join, Data> = {
  readonly [Event in keyof Payloads]: EventOptions<
    NoInfer<HandlerPayload<Payloads[Event]>>,
    NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>
  > & {
    /** The schema of the payload. Without it, the handler receives what the client sent, as `unknown`. */
    payload?: Payloads[Event]
    /** Handles the event. Its return value is the `data` of the ack; an error that it throws becomes the ack's `error`. */
    // NoInfer: inferring a schema from these two parameters as well would take a hundred times as long.
    handler: (
      this: NoInfer<FastifyInstance>,
      payload: NoInfer<HandlerPayload<Payloads[Event]>>,
      context: NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>,
    ) => unknown
  }
} & {
  readonly [Event in keyof Replies]: {
    /** The schema of the `data` of the ack. Undeclared properties are not sent. */
    reply?: Replies[Event]
    // NoInfer: otherwise TypeScript goes through all branches of TypeBox's Static, which takes seconds.
    handler: (...args: never[]) => NoInfer<ReturnOf<Replies[Event]>>
  }
} & {
  readonly [Event in keyof Failures]: {
    /** The errors of the event: code -> schema of its data. Throw them with `error(code, data)`. */
    errors?: Failures[Event]
  }
}

/** One event, for `defineEvent()`. Not an alias of the type above: TypeScript would compare aliases by their type arguments. */
export type EventDefinition<Payload, Reply, Failures, Context> = EventOptions<HandlerPayload<Payload>, Context> & {
  /** The schema of the payload. Without it, the handler receives what the client sent, as `unknown`. */
  payload?: Payload
  /** The schema of the `data` of the ack. Undeclared properties are not sent. */
  reply?: Reply
  /** The errors of the event: code -> schema of its data. Throw them with `error(code, data)`. */
  errors?: Failures
  /** Handles the event. Its return value is the `data` of the ack; an error that it throws becomes the ack's `error`. */
  handler: (
    this: NoInfer<FastifyInstance>,
    payload: NoInfer<HandlerPayload<Payload>>,
    context: Context,
  ) => NoInfer<ReturnOf<Reply>>
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
> extends JoinHooks<NoInfer<Join>>,
    JoinRouteOptions {
  /** One sentence for people, which `app.printNamespaces()` prints. */
  description?: string
  /**
   * The schemas of the joining request: `params`, `querystring` and `headers` as in a route, and Socket.IO's `auth`. A request that
   * does not fit is refused with `FST_NSP_CONNECT_INVALID`.
   */
  schema?: { readonly [Part in keyof Join & keyof JoinSchemas]: Join[Part] } & JoinSchemas
  /** The type of `socket.data`: a schema, or `dataType<Data>()`. It is not checked at run time, as no client can write it. */
  data?: Data
  /** Events that the server sends: the schema of the `payload`, and `reply` for the answers of clients. */
  emits?: { readonly [Event in keyof Emits]: { payload?: Emits[Event]; description?: string } } & {
    readonly [Event in keyof Answers]: { reply?: Answers[Event] }
  }
  /** Events that clients send. */
  events?: EventDefinitions<Emits, Answers, Payloads, Replies, Failures, Join, Data>
  /** Hooks of every event of this definition. */
  eventHooks?: EventHooks<NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>>
  /**
   * Whether the events of one socket run one after another, and not at the same time.
   * @defaultValue `false`
   */
  sequential?: boolean
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
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
  /** Runs instead of `onConnect` for a recovered socket, which has its former id, rooms and data. */
  onRecover?(
    this: FastifyInstance,
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
  /** Runs once for each socket whose `onConnect` ran, after that has settled. `app.close()` awaits it. An error is logged. */
  onDisconnect?(
    this: FastifyInstance,
    context: NoInfer<DisconnectContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
}
