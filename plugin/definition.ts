import type { FastifyInstance } from 'fastify'
import type { DisconnectContext, EventContext, EventHooks, HandlerContext, None, Schemas } from './handler-context.js'
import type { IdempotencyOptions } from './idempotency.js'
import type { InputOf, OutputOf } from './schema.js'

/*
 * The shape of a definition. The type parameters are maps from the name of an event to a schema, each inferred from one
 * property: Emits and Answers from `emits`, Payloads, Replies and Failures from `events`.
 */

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
  None,
  Schemas,
} from './handler-context.js'

type Awaitable<Type> = Type | Promise<Type>
type PayloadOf<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>
type ReturnOf<Schema> = unknown extends Schema ? unknown : Awaitable<InputOf<Schema>>

interface EventOptions extends EventHooks {
  /** One sentence for people. */
  description?: string
  /**
   * Longest the handler may run before its ack is answered with FST_NSP_HANDLER_TIMEOUT.
   * Milliseconds, 0 turns it off. Default: that of the plugin's options. The context's `signal` aborts at the same moment.
   */
  handlerTimeoutMs?: number
  /** Answers a repeated key with the first ack, and runs the handler once. */
  idempotency?: IdempotencyOptions
}

/**
 * Events that clients send. Three maps in one, so that TypeScript infers the payload, the reply and the errors of each
 * event from its own properties: the first types what the handler receives, the second what it returns.
 */
type EventDefinitions<Emits, Answers, Payloads, Replies, Failures> = {
  readonly [Event in keyof Payloads]: EventOptions & {
    /** The schema of the one payload. Without it, whatever the client sends is handed on as `unknown`. */
    payload?: Payloads[Event]
    /** Its return value is the ack's data. */
    handler: (
      this: FastifyInstance,
      payload: PayloadOf<Payloads[Event]>,
      context: EventContext<Emits, Answers, Failures>,
    ) => unknown
  }
} & {
  readonly [Event in keyof Replies]: {
    /** The schema of the ack's data. */
    reply?: Replies[Event]
    handler: (...args: never[]) => ReturnOf<NoInfer<Replies[Event]>>
  }
} & {
  readonly [Event in keyof Failures]: {
    /** The errors that clients may expect, by code: the schema of each one's data. */
    errors?: Failures[Event]
  }
}

/** One namespace, as its user declares it. */
export interface NamespaceDefinition<Emits, Answers = None, Payloads = None, Replies = None, Failures = None>
  extends EventHooks {
  /** One sentence for people: it is shown by `printNamespaces()`. */
  description?: string
  /** Events that the server sends, each with the schema of its one payload, and of the answer if clients give one. */
  emits?: { readonly [Event in keyof Emits]: { payload?: Emits[Event]; description?: string } } & {
    readonly [Event in keyof Answers]: { reply?: Answers[Event] }
  }
  /** Events that clients send. */
  events?: EventDefinitions<Emits, Answers, Payloads, Replies, Failures>
  /** Handles the events of one socket one after another, in order. Default false: at the same time, as Socket.IO does. */
  sequential?: boolean
  /**
   * Runs once for each socket that has joined; its events wait until it has settled. What it throws or rejects is
   * logged, and that socket is disconnected: a half-prepared socket is nobody's gain.
   */
  onConnect?(context: HandlerContext<Emits, Answers>): unknown
  /** Runs once for each socket whose onConnect ran, after it has settled. What it throws is logged; close() awaits it. */
  onDisconnect?(context: DisconnectContext<Emits, Answers>): unknown
}

/** A definition of whatever types: what a list of them holds. Its functions are methods, so that theirs may know more. */
export interface AnyNamespaceDefinition extends EventHooks {
  description?: string
  emits?: { readonly [event: string]: { payload?: unknown; reply?: unknown; description?: string } }
  events?: { readonly [event: string]: AnyEventDefinition }
  sequential?: boolean
  onConnect?(context: HandlerContext<Unknown, Unknown>): unknown
  onDisconnect?(context: DisconnectContext<Unknown, Unknown>): unknown
}

interface AnyEventDefinition extends EventOptions {
  payload?: unknown
  reply?: unknown
  errors?: unknown
  handler(this: FastifyInstance, payload: unknown, context: EventContext<Unknown, Unknown, Unknown>): unknown
}

// biome-ignore lint/suspicious/noExplicitAny: the one place where definitions of different types meet
type Unknown = any

declare const TYPES: unique symbol

/** A definition that remembers what was inferred from it. */
export type Defined<Emits, Answers, Payloads, Replies, Failures> = NamespaceDefinition<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures
> & {
  readonly [TYPES]?: { emits: Emits; answers: Answers; payloads: Payloads; replies: Replies; failures: Failures }
}

/** What was inferred from a definition. */
export type TypesOf<Definition> = Definition extends { readonly [TYPES]?: infer Types } ? NonNullable<Types> : never

/**
 * Gives a definition its types; it returns its argument.
 *
 * @example
 * const chat = defineNamespace({
 *   events: {
 *     'message:send': {
 *       payload: Type.Object({ text: Type.String() }),
 *       reply: Type.Object({ id: Type.String() }),
 *       handler: async ({ text }) => ({ id: await store(text) }),
 *     },
 *   },
 * })
 */
export function defineNamespace<
  const Emits extends Schemas = None,
  const Answers extends Schemas = None,
  const Payloads extends Schemas = None,
  const Replies extends Schemas = None,
  const Failures extends Schemas = None,
>(
  definition: NamespaceDefinition<Emits, Answers, Payloads, Replies, Failures>,
): Defined<Emits, Answers, Payloads, Replies, Failures> {
  return definition as Defined<Emits, Answers, Payloads, Replies, Failures>
}

/**
 * Gives several definitions their types, by name; it returns its argument. For `register()`, which infers none:
 *
 * @example
 * app.register(namespaces, { namespaces: defineNamespaces({ '/chat': { events: { … } } }) })
 */
export function defineNamespaces<
  const Emits extends Schemas,
  const Answers extends Schemas,
  const Payloads extends Schemas,
  const Replies extends Schemas,
  const Failures extends Schemas,
>(
  definitions: {
    readonly [Name in keyof Emits &
      keyof Answers &
      keyof Payloads &
      keyof Replies &
      keyof Failures]: NamespaceDefinition<Emits[Name], Answers[Name], Payloads[Name], Replies[Name], Failures[Name]>
  },
): {
  readonly [Name in keyof Emits & keyof Answers & keyof Payloads & keyof Replies & keyof Failures]: Defined<
    Emits[Name],
    Answers[Name],
    Payloads[Name],
    Replies[Name],
    Failures[Name]
  >
} {
  return definitions as never
}
