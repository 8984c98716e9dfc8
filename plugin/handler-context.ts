import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { BroadcastOperator, DefaultEventsMap, DisconnectReason, Namespace, RemoteSocket, Socket } from 'socket.io'
import type { AuthInputOf, JoinRequest, None, OneOrMany, ParamsOf } from './joining.js'
import type { InputOf, OutputOf } from './schema.js'
import type { DeclaredError, WireError } from './wire-error.js'

/*
 * What the functions of a definition receive. The type parameters are maps from the name of an event to a schema, as
 * definition.ts infers them: Emits and Answers from `emits`, Failures from `events`. Join is the one map of the schemas
 * of joining, from `schema`.
 */

/** What a map of events is when nothing is known of it. */
export type Schemas = Record<string, unknown>

type IsAny<Type> = 0 extends 1 & Type ? true : false
// An emit that is declared without a payload carries none; `ask` has a place for it, before its options.
type EmitArgs<Schema> = unknown extends Schema ? [] : [payload: InputOf<Schema>]
type AskArgs<Schema> =
  IsAny<Schema> extends true
    ? [payload?: unknown, options?: AskOptions]
    : unknown extends Schema
      ? [payload?: undefined, options?: AskOptions]
      : [payload: InputOf<Schema>, options?: AskOptions]
type AnswerOf<Answers, Event> = Event extends keyof Answers
  ? unknown extends Answers[Event]
    ? unknown
    : OutputOf<Answers[Event]>
  : unknown

/** The emits of a definition as Socket.IO types them. */
type EmitEvents<Emits> =
  IsAny<Emits> extends true ? DefaultEventsMap : { [Event in keyof Emits]: (...args: EmitArgs<Emits[Event]>) => void }

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
    ...args: AskArgs<Emits[Event]>
  ): Promise<{ answers: Map<string, AnswerOf<Answers, Event>>; missing: string[] }>
  /** The sockets of this audience, those of other nodes too where the adapter knows them. */
  fetchSockets(): Promise<RemoteSocket<EmitEvents<Emits>, unknown>[]>
  /** Makes them leave the namespace; `close` ends their connections, too. */
  disconnectSockets(close?: boolean): void
}

/** What the functions of a definition receive: one object per joined socket, made to be destructured. */
export interface HandlerContext<Emits, Answers = None, Join = None> {
  /** Socket.IO's own socket; whatever a listener given to `socket.on` throws is logged, and ends nothing. */
  readonly socket: Socket<DefaultEventsMap, EmitEvents<Emits>>
  /** Socket.IO's own live namespace. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>>
  /** The parameters in the namespace's address. */
  readonly params: ParamsOf<Join>
  /**
   * The Fastify request that has joined: its cookies, session, user, ip and decorators; `auth` is its body. A snapshot of
   * that moment.
   */
  readonly request: JoinRequest<Join>
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
    ...args: AskArgs<Emits[Event]>
  ) => Promise<AnswerOf<Answers, Event>>
  /**
   * Runs admission again for this live socket, schemas and hooks, with a new `auth`; by default with the one it joined
   * with. From then on `request` and the expiry are the new ones. Rejects with the refusal; then nothing changes.
   */
  reauthenticate(auth?: AuthInputOf<Join>): Promise<void>
}

/** What handlers and event hooks receive: the same, for one event. */
export interface EventContext<Emits, Answers = None, Failures = None, Join = None>
  extends HandlerContext<Emits, Answers, Join> {
  /** The event's name, what it carries, and whether the client waits for an ack. */
  readonly event: { readonly name: string; readonly payload: unknown; readonly wantsAck: boolean }
  /** Aborts when the socket disconnects, and when the handler's time is up. */
  readonly signal: AbortSignal
  /** Makes an error that the event declares, to be thrown: `throw error('ROOM_FULL', { max: 10 })`. */
  readonly error: <Code extends CodeOf<Failures>>(code: Code, data: DataOf<Failures, Code>) => DeclaredError
}

/** What `onDisconnect` receives. */
export interface DisconnectContext<Emits, Answers = None, Join = None> extends HandlerContext<Emits, Answers, Join> {
  /** Socket.IO's disconnect reason, e.g. `transport close`. */
  readonly reason: DisconnectReason
  /** The rooms as they were; Socket.IO has emptied `socket.rooms` by now. */
  readonly rooms: ReadonlySet<string>
}

/** The one argument of every ack. A wire format: every language can tell the two apart by `ok`. */
export type AckEnvelope<Data = unknown, Failure = WireError> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: Failure }

// biome-ignore lint/suspicious/noExplicitAny: hooks are shared by definitions of any types
type AnyEventContext = EventContext<any, any, any, any>

/** Runs before the handler; what it throws refuses the event. */
export type EventHook = (this: FastifyInstance, context: AnyEventContext) => unknown
/** Hears of every ack, after it was sent; what it throws is logged. */
export type AckHook = (this: FastifyInstance, context: AnyEventContext, ack: AckEnvelope) => unknown
/** Hears of every error, before it is put on the wire; what it throws is logged. */
export type ErrorHook = (this: FastifyInstance, context: AnyEventContext, error: unknown) => unknown

/** The hooks of events, by name: of one event, of a definition's `eventHooks`, or with `app.addNamespaceHook()` of a context. */
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
