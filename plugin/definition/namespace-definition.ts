import type { FastifyInstance } from 'fastify'
import type { InputOf, None, OutputOf } from '../schema/schema.js'
import type { AnyEventContext, DisconnectContext, EventContext, EventHooks, HandlerContext } from './context-types.js'
import type { IdempotencyOptions } from './idempotency.js'
import type { JoinHooks, JoinRequest, JoinRouteOptions, JoinSchemas } from './join-types.js'

/*
 * The shape of a definition. Type parameters are maps from the name of an event to a schema: Emits and Answers from `emits`,
 * Payloads, Replies and Failures from `events`. Join maps parts of the request that joins to their schemas, from `schema`;
 * Data is the schema of `socket.data`. NoInfer keeps what `...base` brings along from pinning them to what the base has.
 */

export type { None, Schemas } from '../schema/schema.js'
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
  SocketEmit,
  TimedAudience,
} from './context-types.js'
export type { JoinHook, JoinHooks, JoinRequest, JoinRouteOptions, JoinSchemas } from './join-types.js'

type Awaitable<Type> = Type | Promise<Type>
type PayloadOf<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>
type ReturnOf<Schema> = unknown extends Schema ? unknown : Awaitable<Readable<InputOf<Schema>>>

/** What may be readonly, as a literal in a handler is: a reply is only read. */
type Readable<Type> = Type extends Leaf
  ? Type
  : Type extends object
    ? { readonly [Key in keyof Type]: Readable<Type[Key]> }
    : Type
type Leaf = string | number | bigint | boolean | symbol | null | undefined | ((...args: never[]) => unknown)

interface EventOptions<Payload, Context> extends EventHooks<Context> {
  /** One sentence for people. */
  description?: string
  /**
   * Longest the handler may run before its ack is answered with FST_NSP_HANDLER_TIMEOUT.
   * Milliseconds, 0 turns it off. Default: that of the plugin's options. The context's `signal` aborts at the same moment.
   */
  handlerTimeoutMs?: number
  /** Answers a repeated key with the first ack, and runs the handler once. */
  idempotency?: IdempotencyOptions<Payload, Context>
}

/**
 * Events that clients send. Three maps in one, so that TypeScript infers the payload, the reply and the errors of each
 * event from its own properties: the first types what the handler receives, the second what it returns.
 */
type EventDefinitions<Emits, Answers, Payloads, Replies, Failures, Join, Data> = {
  readonly [Event in keyof Payloads]: EventOptions<
    NoInfer<PayloadOf<Payloads[Event]>>,
    NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>
  > & {
    /** The schema of the one payload. Without it, whatever the client sends is handed on as `unknown`. */
    payload?: Payloads[Event]
    /** Its return value is the ack's data. */
    // A schema is what is inferred from: to look for one in these two would cost a hundred times as much.
    handler: (
      this: NoInfer<FastifyInstance>,
      payload: NoInfer<PayloadOf<Payloads[Event]>>,
      context: NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>,
    ) => unknown
  }
} & {
  readonly [Event in keyof Replies]: {
    /** The schema of the ack's data. */
    reply?: Replies[Event]
    // Nothing is inferred from it: TypeScript would go through all branches of TypeBox's Static, which takes it seconds.
    handler: (...args: never[]) => NoInfer<ReturnOf<Replies[Event]>>
  }
} & {
  readonly [Event in keyof Failures]: {
    /** The errors that clients may expect, by code: the schema of each one's data. */
    errors?: Failures[Event]
  }
}

/** The one event of a file of its own. It is no alias of the above: TypeScript would compare the two by their type arguments. */
export type EventDefinition<Payload, Reply, Failures, Context> = EventOptions<PayloadOf<Payload>, Context> & {
  /** The schema of the one payload. Without it, whatever the client sends is handed on as `unknown`. */
  payload?: Payload
  /** The schema of the ack's data. */
  reply?: Reply
  /** The errors that clients may expect, by code: the schema of each one's data. */
  errors?: Failures
  /** Its return value is the ack's data. */
  handler: (
    this: NoInfer<FastifyInstance>,
    payload: NoInfer<PayloadOf<Payload>>,
    context: Context,
  ) => NoInfer<ReturnOf<Reply>>
}

/** One namespace, as its user declares it. */
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
  /** One sentence for people: it is shown by `printNamespaces()`. */
  description?: string
  /**
   * The schemas of joining, which is one Fastify request: of its params, its query and its headers as in a route, and of
   * Socket.IO's `auth`. What does not fit is refused with a 400.
   */
  schema?: { readonly [Part in keyof Join & keyof JoinSchemas]: Join[Part] } & JoinSchemas
  /**
   * What stands in `socket.data`: a schema, or `dataType<Data>()`. It is for types only: nothing checks what handlers put there.
   */
  data?: Data
  /** Events that the server sends, each with the schema of its one payload, and of the answer if clients give one. */
  emits?: { readonly [Event in keyof Emits]: { payload?: Emits[Event]; description?: string } } & {
    readonly [Event in keyof Answers]: { reply?: Answers[Event] }
  }
  /** Events that clients send. */
  events?: EventDefinitions<Emits, Answers, Payloads, Replies, Failures, Join, Data>
  /** Hooks of every event. */
  eventHooks?: EventHooks<NoInfer<EventContext<Emits, Answers, Failures, Join, Data, keyof Payloads>>>
  /** Handles the events of one socket one after another, in order. Default false: at the same time, as Socket.IO does. */
  sequential?: boolean
  /**
   * Until when a socket may stay: a Date, or milliseconds since the epoch; undefined is for ever. Default: the `exp` of a
   * verified JWT, else for ever. Asked at the end of joining, and when the socket is authenticated again.
   */
  expiresAt?(this: FastifyInstance, request: NoInfer<JoinRequest<Join>>): Date | number | undefined
  /**
   * Runs once for each socket that has joined; its events wait until it has settled. What it throws or rejects is
   * logged, and that socket is disconnected: a half-prepared socket is nobody's gain.
   */
  onConnect?(
    this: FastifyInstance,
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
  /** Runs instead of onConnect for a socket whose session was recovered: its rooms and its id are as they were. */
  onRecover?(
    this: FastifyInstance,
    context: NoInfer<HandlerContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
  /** Runs once for each socket whose onConnect ran, after it has settled. What it throws is logged; close() awaits it. */
  onDisconnect?(
    this: FastifyInstance,
    context: NoInfer<DisconnectContext<Emits, Answers, Join, Data, keyof Payloads>>,
  ): unknown
}

/** A definition of whatever types: what a list of them holds. Its functions are methods, so that theirs may know more. */
export interface AnyNamespaceDefinition<Payload = unknown> extends JoinHooks<Unknown>, JoinRouteOptions {
  description?: string
  schema?: JoinSchemas
  data?: unknown
  emits?: { readonly [event: string]: { payload?: unknown; reply?: unknown; description?: string } }
  events?: { readonly [event: string]: AnyEventDefinition<Payload> }
  eventHooks?: EventHooks
  sequential?: boolean
  expiresAt?(this: FastifyInstance, request: JoinRequest<Unknown>): Date | number | undefined
  onConnect?(this: FastifyInstance, context: HandlerContext<Unknown, Unknown, Unknown, Unknown, Unknown>): unknown
  onRecover?(this: FastifyInstance, context: HandlerContext<Unknown, Unknown, Unknown, Unknown, Unknown>): unknown
  onDisconnect?(this: FastifyInstance, context: DisconnectContext<Unknown, Unknown, Unknown, Unknown, Unknown>): unknown
}

interface AnyEventDefinition<Payload> extends EventOptions<Unknown, AnyEventContext> {
  payload?: unknown
  reply?: unknown
  errors?: unknown
  handler(this: FastifyInstance, payload: Payload, context: AnyEventContext): unknown
}

/** Of a payload nothing is known where nothing infers it; a property that is asked of it is an error that says so. */
interface Uninferred<Hint extends string> {
  readonly [HINT]?: Hint
}
declare const HINT: unique symbol

/**
 * A definition that is written where no types are inferred: in the options of `register()`. What is sure to hold in any
 * definition holds here; types of payloads do not.
 */
export type InlineDefinition = AnyNamespaceDefinition<
  | Uninferred<'register() infers no types: write namespaces: defineNamespaces({ … }), or give a defineNamespace({ … })'>
  | null
  | undefined
>

// biome-ignore lint/suspicious/noExplicitAny: the one place where definitions of different types meet
type Unknown = any
