import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { DefaultEventsMap, DisconnectReason, Namespace, Socket } from 'socket.io'
import type { InputOf, IsAny, None, Schemas } from '../schema/schema.js'
import type { DeclaredError, WireError } from '../shared/client-error.js'
import type { AnswerOf, AskArgs, Audience, EmitEvents, SocketData, SocketEmit } from './emit-types.js'
import type { AuthInputOf, JoinRequest, OneOrMany, ParamsOf } from './join-types.js'

export type { AskOptions, Audience, SocketEmit, TimedAudience } from './emit-types.js'

/*
 * What the functions of a definition receive. The type parameters are maps from the name of an event to a schema, as
 * definition.ts infers them: Emits and Answers from `emits`, Failures from `events`. Join is the one map of the schemas
 * of joining, from `schema`. Data is the schema of `socket.data`, and Declared the names of the events.
 */

/** A listener that would hear nothing. */
interface Handled<Hint extends string> {
  readonly hint: Hint
}

/** What may be listened for: an event that is declared goes to its handler. */
type ListenEvents<Declared extends PropertyKey> =
  IsAny<Declared> extends true
    ? DefaultEventsMap
    : // None, or any: where the options of register() infer them.
      [Declared] extends [never]
      ? DefaultEventsMap
      : string extends Declared
        ? DefaultEventsMap
        : DefaultEventsMap & {
            [Event in Declared]: Handled<'This event is declared: its handler in the definition has it, and no listener hears it'>
          }

/** The schemas of the errors of each event that declares any. */
type FailuresOf<Failures> = {
  [Event in keyof Failures]: unknown extends Failures[Event] ? never : Failures[Event]
}[keyof Failures]
type CodeOf<Each> = Each extends unknown ? keyof Each & string : never
type DataOf<Each, Code> = Each extends unknown ? (Code extends keyof Each ? InputOf<Each[Code]> : never) : never

/**
 * The data of every error that any event of the definition declares, by code. A map that is worked out once: where a call
 * of `error()` asked for it by a code of its own, TypeScript would go through all branches of TypeBox's Static.
 */
type FailureData<Failures> =
  IsAny<Failures> extends true
    ? Schemas
    : { [Code in CodeOf<FailuresOf<Failures>>]: DataOf<FailuresOf<Failures>, Code> }

/** What the functions of a definition receive: one object per joined socket, made to be destructured. */
export interface HandlerContext<
  Emits,
  Answers = None,
  Join = None,
  Data = unknown,
  Declared extends PropertyKey = never,
> {
  /** Socket.IO's own socket; whatever a listener given to `socket.on` throws is logged, and ends nothing. */
  readonly socket: Socket<ListenEvents<Declared>, EmitEvents<Emits>, DefaultEventsMap, SocketData<Data>>
  /** Socket.IO's own live namespace. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>, DefaultEventsMap, SocketData<Data>>
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
  readonly emit: SocketEmit<Emits, Answers>
  /** Opens a broadcast to one room of this namespace, or to several; the sender's own socket is left out. */
  readonly to: (room: string | string[]) => Audience<Emits, Answers, Data>
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
export interface EventContext<
  Emits,
  Answers = None,
  Failures = None,
  Join = None,
  Data = unknown,
  Declared extends PropertyKey = never,
> extends HandlerContext<Emits, Answers, Join, Data, Declared> {
  /** The event's name, what it carries, and whether the client waits for an ack. */
  readonly event: { readonly name: string; readonly payload: unknown; readonly wantsAck: boolean }
  /** Aborts when the socket disconnects, and when the handler's time is up. */
  readonly signal: AbortSignal
  /** Makes an error that the event declares, to be thrown: `throw error('ROOM_FULL', { max: 10 })`. */
  readonly error: <Code extends keyof FailureData<Failures>>(
    code: Code,
    data: FailureData<Failures>[Code],
  ) => DeclaredError
}

/** What `onDisconnect` receives. */
export interface DisconnectContext<
  Emits,
  Answers = None,
  Join = None,
  Data = unknown,
  Declared extends PropertyKey = never,
> extends HandlerContext<Emits, Answers, Join, Data, Declared> {
  /** Socket.IO's disconnect reason, e.g. `transport close`. */
  readonly reason: DisconnectReason
  /** The rooms as they were; Socket.IO has emptied `socket.rooms` by now. */
  readonly rooms: ReadonlySet<string>
}

/** The one argument of every ack. A wire format: every language can tell the two apart by `ok`. */
export type AckEnvelope<Data = unknown, Failure = WireError> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: Failure }

/** The context of an event of a definition that nothing is known of. */
// biome-ignore lint/suspicious/noExplicitAny: hooks are shared by definitions of any types
export type AnyEventContext = EventContext<any, any, any, any, any, any>

/** Runs before the handler; what it throws refuses the event. */
export type EventHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context) => unknown
/** Hears of every ack, after it was sent; what it throws is logged. */
export type AckHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context, ack: AckEnvelope) => unknown
/** Hears of every error, before it is put on the wire; what it throws is logged. */
export type ErrorHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context, error: unknown) => unknown

/** The hooks of events, by name: of one event, of a definition's `eventHooks`, or with `app.addNamespaceHook()` of a context. */
export interface EventHooks<Context = AnyEventContext> {
  /** First of all, before the payload is looked at. */
  onEvent?: OneOrMany<EventHook<Context>>
  /** Before the payload is checked. */
  preValidation?: OneOrMany<EventHook<Context>>
  /** After it was checked, before the handler. */
  preHandler?: OneOrMany<EventHook<Context>>
  onAck?: OneOrMany<AckHook<Context>>
  onError?: OneOrMany<ErrorHook<Context>>
}
