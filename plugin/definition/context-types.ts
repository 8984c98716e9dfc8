import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { DefaultEventsMap, DisconnectReason, Namespace, Socket } from 'socket.io'
import type { AnyType, InputOf, IsAny, None, Schemas } from '../schema/schema.js'
import type { DeclaredError } from '../shared/client-error.js'
import type { AckEnvelope } from './contract/ack-envelope.js'
import type { AuthInputOf } from './contract/types-of.js'
import type { AnswerOf, AskArgs, Audience, EmitEvents, SocketData, SocketEmit } from './emit-types.js'
import type { JoinRequest, OneOrMany, ParamsOf } from './join-types.js'
import type { SocketPresence } from './presence/presence-options.js'
import type { ToRooms } from './rooms/room-types.js'

/*
 * The types of the arguments of a definition's functions. Type parameters: Emits and Answers map the name of an emit to a
 * schema, and Failures the name of an event to the schemas of its errors. Join maps the parts of the joining request to
 * schemas. Data is the schema of `socket.data`, Payloads maps the names of the events, and Rooms patterns, to schemas.
 */

/** The type of a listener for a declared event, which would never be called. */
interface Handled<Hint extends string> {
  readonly hint: Hint
}

/** The events that may have listeners: a declared event goes to its handler. */
type ListenEvents<Payloads> =
  IsAny<Payloads> extends true
    ? DefaultEventsMap
    : // No events, or any name: inside the options of register().
      [keyof Payloads] extends [never]
      ? DefaultEventsMap
      : string extends keyof Payloads
        ? DefaultEventsMap
        : DefaultEventsMap & {
            [Event in keyof Payloads]: Handled<'This event is declared: its handler receives it, and this listener would never be called'>
          }

/** The error schemas of each event that declares errors. */
type FailuresOf<Failures> = {
  [Event in keyof Failures]: unknown extends Failures[Event] ? never : Failures[Event]
}[keyof Failures]
type CodeOf<Each> = Each extends unknown ? keyof Each & string : never
type DataOf<Each, Code> = Each extends unknown ? (Code extends keyof Each ? InputOf<Each[Code]> : never) : never

/**
 * The data of every error that any event of the definition declares, by code. TypeScript computes this map once. If each call of
 * `error()` looked up its own code, TypeScript would go through all branches of TypeBox's Static.
 */
type FailureData<Failures> =
  IsAny<Failures> extends true
    ? Schemas
    : { [Code in CodeOf<FailuresOf<Failures>>]: DataOf<FailuresOf<Failures>, Code> }

/** The context of `onConnect` and `onRecover`: one object for each joined socket, which may be destructured. */
export interface HandlerContext<Emits, Answers = None, Join = None, Data = unknown, Payloads = None, Rooms = None> {
  /** Socket.IO's own socket. If a listener of `socket.on` throws, the error is logged and the process continues. */
  readonly socket: Socket<ListenEvents<Payloads>, EmitEvents<Emits>, DefaultEventsMap, SocketData<Data>>
  /** Socket.IO's own namespace. */
  readonly namespace: Namespace<DefaultEventsMap, EmitEvents<Emits>, DefaultEventsMap, SocketData<Data>>
  /** The params of the namespace's address, e.g. `{ orgId: 42 }` of `/orgs/42`. */
  readonly params: ParamsOf<Join>
  /**
   * The Fastify request that joined the namespace, with its cookies, HTTP session, user, ip and decorators. Its body is `auth`.
   * It shows the state at the time of joining.
   */
  readonly request: JoinRequest<Join>
  /** The logger of `request`, with the bindings `namespace` and `socketId`. */
  readonly log: FastifyBaseLogger
  /**
   * Emits to this socket.
   *
   * @throws FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN
   */
  readonly emit: SocketEmit<Emits, Answers>
  /**
   * A broadcast to one room of this namespace or several, without this socket.
   *
   * @example
   * to('members').emit('message:new', message)
   */
  readonly to: ToRooms<Rooms, Audience<Emits, Answers, Data>>
  /**
   * Emits to this socket and waits for the client's answer.
   *
   * @returns the answer, checked by the `reply` of the emit
   * @throws FST_NSP_ANSWER_TIMEOUT after `timeoutMs`, FST_NSP_ANSWER_INVALID, FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN
   *
   * @example
   * const wantsTea = await ask('poll:ask', 'Tea?', { timeoutMs: 5_000 })
   */
  readonly ask: <Event extends keyof Emits & string>(
    event: Event,
    ...args: AskArgs<Emits[Event]>
  ) => Promise<AnswerOf<Answers, Event>>
  /**
   * Runs the schemas and hooks of joining again for this socket. `request`, the user and the expiry are then the new ones.
   *
   * @param auth - the new `auth`. Default: the one that the socket joined with.
   * @throws the refusal; nothing has changed then. FST_NSP_SOCKET_GONE if the socket has disconnected.
   */
  reauthenticate(auth?: AuthInputOf<Join>): Promise<void>
  /** What everyone sees of this socket, in a namespace with `presence`. */
  readonly presence: SocketPresence
}

/** The context of handlers and event hooks: a HandlerContext for one event. */
export interface EventContext<
  Emits,
  Answers = None,
  Failures = None,
  Join = None,
  Data = unknown,
  Payloads = None,
  Rooms = None,
> extends HandlerContext<Emits, Answers, Join, Data, Payloads, Rooms> {
  /** The name of the event, its payload, and whether the client waits for an ack. */
  readonly event: { readonly name: string; readonly payload: unknown; readonly wantsAck: boolean }
  /** Aborts when the socket disconnects, and after `handlerTimeoutMs`. */
  readonly signal: AbortSignal
  /** In a stream with `itemId`: the id of the last item that the client received before it opened the stream again. */
  readonly lastId?: string | number | undefined
  /**
   * Creates an error that the event declares in `errors`.
   *
   * @param data - the `details` of the ack, checked by the schema of the error
   * @throws FST_NSP_ERROR_UNDECLARED if the event does not declare the code
   *
   * @example
   * throw error('ROOM_FULL', { max: 10 })
   */
  readonly error: <Code extends keyof FailureData<Failures>>(
    code: Code,
    data: FailureData<Failures>[Code],
  ) => DeclaredError
}

/** The context of the functions of a relay. */
export interface RelayContext<
  Payload,
  Emits,
  Answers = None,
  Failures = None,
  Join = None,
  Data = unknown,
  Payloads = None,
  Rooms = None,
> extends EventContext<Emits, Answers, Failures, Join, Data, Payloads, Rooms> {
  /** The payload of the event, checked by its schema. */
  readonly payload: Payload
}

/** The context of `onDisconnect`. */
export interface DisconnectContext<Emits, Answers = None, Join = None, Data = unknown, Payloads = None, Rooms = None>
  extends HandlerContext<Emits, Answers, Join, Data, Payloads, Rooms> {
  /** Socket.IO's disconnect reason, e.g. `transport close`. */
  readonly reason: DisconnectReason
  /** The rooms before the disconnect. Socket.IO has already emptied `socket.rooms`. */
  readonly rooms: ReadonlySet<string>
}

/** The context of an event of any definition. */
// biome-ignore lint/suspicious/noExplicitAny: hooks are shared by definitions of any types
export type AnyEventContext = EventContext<any, any, any, any, any, any, any>

/** The context of a relay of any definition. */
export type AnyRelayContext = RelayContext<AnyType, AnyType, AnyType, AnyType, AnyType, AnyType, AnyType, AnyType>

/** Runs before the handler. If it throws, the event is refused. */
export type EventHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context) => unknown
/** Runs after an ack was sent. If it throws, the error is logged. */
export type AckHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context, ack: AckEnvelope) => unknown
/** Runs when an event has failed, before the client receives the error. If it throws, the error is logged. */
export type ErrorHook<Context = AnyEventContext> = (this: FastifyInstance, context: Context, error: unknown) => unknown

/**
 * The hooks of events, for one event or in the `eventHooks` of a definition. `app.addNamespaceHook()` adds them to a context.
 * Outer hooks run before inner ones.
 */
export interface EventHooks<Context = AnyEventContext> {
  /** Runs first. If it throws, the event is refused. */
  onEvent?: OneOrMany<EventHook<Context>>
  /** Runs before the payload is checked. If it throws, the event is refused. */
  preValidation?: OneOrMany<EventHook<Context>>
  /** Runs after the payload was checked, before the handler. If it throws, the event is refused. */
  preHandler?: OneOrMany<EventHook<Context>>
  /** Runs after the ack was sent. If it throws, the error is logged. */
  onAck?: OneOrMany<AckHook<Context>>
  /** Runs when anything has failed, before the client receives the error. If it throws, the error is logged. */
  onError?: OneOrMany<ErrorHook<Context>>
}
