import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { BroadcastOperator, DefaultEventsMap, DisconnectReason, Namespace, Socket } from 'socket.io'
import type { DeclaredError, WireError } from './errors.js'
import type { IdempotencyOptions } from './idempotency.js'
import type { InputOf, OutputOf } from './schema.js'

/*
 * The shape of a definition, and of what its functions receive. The type parameters are maps from the name of an event
 * to a schema, each inferred from one property: Emits and Answers from `emits`, Payloads, Replies and Failures from `events`.
 */

/** What a map of events is when nothing is known of it. */
export type Schemas = Record<string, unknown>
/** What a map of events is when nothing was declared. */
export type None = Record<never, never>

type IsAny<Type> = 0 extends 1 & Type ? true : false
type PayloadInput<Schema> = unknown extends Schema ? [payload?: unknown] : [payload: InputOf<Schema>]
type AnswerOf<Answers, Event> = Event extends keyof Answers
  ? unknown extends Answers[Event]
    ? unknown
    : OutputOf<Answers[Event]>
  : unknown

/** The emits of a definition as Socket.IO types them. */
export type EmitEvents<Emits> =
  IsAny<Emits> extends true
    ? DefaultEventsMap
    : { [Event in keyof Emits]: (...args: PayloadInput<Emits[Event]>) => void }

/** The data of every error that any event of the definition declares, by code. */
type FailureData<Failures> =
  IsAny<Failures> extends true
    ? Schemas
    : { [Event in keyof Failures]: unknown extends Failures[Event] ? None : Failures[Event] }[keyof Failures]
type CodeOf<Failures> =
  FailureData<Failures> extends infer Each ? (Each extends unknown ? keyof Each & string : never) : never
type DataOf<Failures, Code> =
  FailureData<Failures> extends infer Each
    ? Each extends unknown
      ? Code extends keyof Each
        ? InputOf<Each[Code]>
        : never
      : never
    : never

/** Asks clients something and waits for their answers. `timeoutMs` defaults to 10_000. */
export interface AskOptions {
  timeoutMs?: number
}

/** Where an emit goes: everybody in some rooms. */
export interface Audience<Emits, Answers = None> extends Pick<BroadcastOperator<EmitEvents<Emits>, unknown>, 'emit'> {
  /** Adds rooms. */
  to(room: string | string[]): Audience<Emits, Answers>
  /** Leaves out rooms, or sockets by their id. */
  except(room: string | string[]): Audience<Emits, Answers>
  /**
   * Emits, and waits for an answer of every socket, or for `timeoutMs`.
   * Resolves to the answers by socket id, and the ids of those that did not answer, or not what the schema wants.
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...args: [...PayloadInput<Emits[Event]>, options?: AskOptions]
  ): Promise<{ answers: Map<string, AnswerOf<Answers, Event>>; missing: string[] }>
}

/** What the functions of a definition receive: one object per joined socket, made to be destructured. */
export interface HandlerContext<Emits, Answers = None> {
  /** Socket.IO's own socket; whatever a listener given to `socket.on` throws is logged, and ends nothing. */
  readonly socket: Socket<DefaultEventsMap, EmitEvents<Emits>>
  /** Socket.IO's own live namespace. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>>
  /** The parameters in the namespace's address. */
  readonly params: Readonly<Record<string, string>>
  /** The Fastify request of the handshake: its cookies, session, user, ip and decorators. A snapshot of that moment. */
  readonly request: FastifyRequest
  /** The logger of that request, with `namespace` and `socketId` bound. */
  readonly log: FastifyBaseLogger
  /** Emits to this socket only. */
  readonly emit: Socket<DefaultEventsMap, EmitEvents<Emits>>['emit']
  /** Opens a broadcast to one room of this namespace, or to several; the sender's own socket is left out. */
  readonly to: (room: string | string[]) => Audience<Emits, Answers>
  /**
   * Emits to this socket and resolves to the client's answer, checked by the emit's `reply`.
   * Rejects with FST_NSP_ANSWER_TIMEOUT after `timeoutMs`, or with FST_NSP_ANSWER_INVALID.
   */
  readonly ask: <Event extends keyof Emits & string>(
    event: Event,
    ...args: [...PayloadInput<Emits[Event]>, options?: AskOptions]
  ) => Promise<AnswerOf<Answers, Event>>
}

/** What handlers and event hooks receive: the same, for one event. */
export interface EventContext<Emits, Answers = None, Failures = None> extends HandlerContext<Emits, Answers> {
  /** The event's name, what it carries, and whether the client waits for an ack. */
  readonly event: { readonly name: string; readonly payload: unknown; readonly wantsAck: boolean }
  /** Aborts when the socket disconnects, and when the handler's time is up. */
  readonly signal: AbortSignal
  /** Makes an error that the event declares, to be thrown: `throw error('ROOM_FULL', { max: 10 })`. */
  readonly error: <Code extends CodeOf<Failures>>(code: Code, data: DataOf<Failures, Code>) => DeclaredError
}

/** What `onDisconnect` receives. */
export interface DisconnectContext<Emits, Answers = None> extends HandlerContext<Emits, Answers> {
  /** Socket.IO's disconnect reason, e.g. `transport close`. */
  readonly reason: DisconnectReason
  /** The rooms as they were; Socket.IO has emptied `socket.rooms` by now. */
  readonly rooms: ReadonlySet<string>
}

/** The one argument of every ack. A wire format: every language can tell the two apart by `ok`. */
export type AckEnvelope<Data = unknown, Failure = WireError> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: Failure }

type Awaitable<Type> = Type | Promise<Type>
// biome-ignore lint/suspicious/noExplicitAny: hooks are shared by definitions of any types
type AnyEventContext = EventContext<any, any, any>
type OneOrMany<Type> = Type | readonly Type[]

/** Runs before the handler; what it throws refuses the event. */
export type EventHook = (this: FastifyInstance, context: AnyEventContext) => unknown
/** Hears of every ack, after it was sent; what it throws is logged. */
export type AckHook = (this: FastifyInstance, context: AnyEventContext, ack: AckEnvelope) => unknown
/** Hears of every error, before it is put on the wire; what it throws is logged. */
export type ErrorHook = (this: FastifyInstance, context: AnyEventContext, error: unknown) => unknown

/** The hooks of events, by name: of one event, of a definition, or with `app.addNamespaceHook()` of a context. */
export interface EventHooks {
  /** First of all, before the payload is looked at. */
  onEvent?: OneOrMany<EventHook>
  /** Before the payload is checked. */
  preValidation?: OneOrMany<EventHook>
  /** After it was checked, before the handler. */
  preHandler?: OneOrMany<EventHook>
  onAck?: OneOrMany<AckHook>
  onError?: OneOrMany<ErrorHook>
}

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
export type EventDefinitions<Emits, Answers, Payloads, Replies, Failures> = {
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
    handler: (...args: never[]) => ReturnOf<Replies[Event]>
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

/** A definition of whatever types: what a list of them holds. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where definitions of different types meet
export type AnyNamespaceDefinition = NamespaceDefinition<any, any, any, any, any>

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
  const Emits extends Record<string, Schemas>,
  const Answers extends Record<string, Schemas>,
  const Payloads extends Record<string, Schemas>,
  const Replies extends Record<string, Schemas>,
  const Failures extends Record<string, Schemas>,
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
