import type { Socket } from 'socket.io-client'
import type { InputOf, None, OutputOf } from '../schema/schema.js'
import type { WireError } from '../shared/wire-error.js'
import type { AckEnvelope } from './contract/ack-envelope.js'
import type { AuthInputOf, TypesOf } from './contract/types-of.js'
import type { InfoArgs } from './events/retain-options.js'
import type { PresenceChange, PresenceState } from './presence/presence-types.js'
import type { RoomEvents, RoomNotice } from './rooms/client-rooms.js'

/*
 * The types of a client's socket, inferred from the type of a definition.
 */

type At<Map, Event> = Event extends keyof Map ? Map[Event] : unknown
// Not `unknown`: the parameters of an ack in its place would have no types.
export type AnyPayload = string | number | boolean | bigint | object | null | undefined
type PayloadArgs<Schema> = unknown extends Schema ? [payload?: AnyPayload] : [payload: Sendable<InputOf<Schema>>]
type ReplyOf<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>

/** The values that a client may send: where the schema has binary data, any of these types. */
export type Sendable<Type> = Type extends SendableLeaf
  ? Type
  : Type extends Uint8Array
    ? Type | Uint8Array | ArrayBuffer | Blob
    : Type extends object
      ? { [Key in keyof Type]: Sendable<Type[Key]> }
      : Type
type SendableLeaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | ((...args: never[]) => unknown)

/** The codes of the plugin in an ack without `details`, or with the `details` of the hook that refused. */
type PluginErrorCode =
  | 'FST_NSP_REFUSED'
  | 'FST_NSP_EVENT_UNKNOWN'
  | 'FST_NSP_EVENT_MALFORMED'
  | 'FST_NSP_PAYLOAD_TOO_LARGE'
  | 'FST_NSP_IN_FLIGHT_LIMIT'
  | 'FST_NSP_QUEUE_FULL'
  | 'FST_NSP_IDENTITY_EXPIRED'
  | 'FST_NSP_USER_DISCONNECTED'
  | 'FST_NSP_HANDLER_TIMEOUT'
  | 'FST_NSP_KEYS_LIMIT'
  | 'FST_NSP_KEY_REUSED'
  | 'FST_NSP_ACK_TOO_LARGE'
  | 'FST_NSP_CLOSING'
  | 'FST_NSP_STREAM_INVALID'
  | 'FST_NSP_STREAMS_LIMIT'
  | 'FST_NSP_STREAM_CANCELLED'
  | 'FST_NSP_STREAM_UNREAD'

export interface AckError<Code> extends Pick<WireError, 'statusCode' | 'message'> {
  readonly code: Code
}
interface PayloadInvalid extends AckError<'FST_NSP_EVENT_INVALID'> {
  /** Each problem with its place in the payload, as a JSON pointer. */
  readonly details: { path: string; message: string }[]
}
interface RateLimited extends AckError<'FST_NSP_RATE_LIMITED'> {
  readonly details: { retryAfterMs: number }
}
interface InternalError extends AckError<'FST_NSP_INTERNAL' | 'FST_NSP_REPLY_INVALID' | 'FST_NSP_ITEM_INVALID'> {
  /** The `errorId` of the line in the server's log. Undefined if the line was left out of the log. */
  readonly details?: { id: string }
}
interface PluginError extends AckError<PluginErrorCode> {
  readonly details?: unknown
}
/** An error that the event does not declare, e.g. of a hook. Not `string & {}`, because no code would then narrow the union. */
interface UndeclaredError extends AckError<string> {
  /** `never`, so that comparing with a declared code gives the declared details their type alone. */
  readonly details: never
}

/** The details of the errors that an event declares, by code. */
export type DetailsOf<Failures> = unknown extends Failures
  ? Record<never, never>
  : { [Code in keyof Failures & string]: OutputOf<Failures[Code]> }

/** The errors in the ack of an event: the declared ones with their data, and those of the plugin. */
export type FailureOf<Details> =
  | { [Code in keyof Details & string]: AckError<Code> & { readonly details: Details[Code] } }[keyof Details & string]
  | PayloadInvalid
  | RateLimited
  | InternalError
  | PluginError
  | UndeclaredError

/** The events of a definition by name: the arguments of each, and the one argument of its ack. */
type EventsToServer<Types> = Types extends {
  payloads: infer Payloads
  replies: infer Replies
  failures: infer Failures
}
  ? {
      [Event in keyof Payloads | keyof Replies]: {
        args: PayloadArgs<At<Payloads, Event>>
        ack: AckEnvelope<ReplyOf<At<Replies, Event>>, FailureOf<DetailsOf<At<Failures, Event>>>>
      }
    } & RoomEvents<Types, AckEnvelope<unknown, FailureOf<None>>>
  : never

type ClientEvent = { args: unknown[]; ack: unknown }
type ArgsOf<Event> = Event extends { args: infer Args extends unknown[] } ? Args : never
type AckOf<Event> = Event extends ClientEvent ? Event['ack'] : never

/** The arguments after the name: the payload, the ack or both; none if there is no payload. */
type ClientEmitArgs<Event, Ack> =
  | ArgsOf<Event>
  | [...ArgsOf<Event>, ack: Ack]
  | ([] extends ArgsOf<Event> ? [ack: Ack] : never)

type EventsToClient<Types> = Types extends { emits: infer Emits; answers: infer Answers }
  ? {
      [Event in keyof Emits]: (
        ...args: [
          ...(unknown extends Emits[Event] ? [] : [payload: OutputOf<Emits[Event]>]),
          ...(unknown extends At<Answers, Event>
            ? InfoArgs<Emits[Event]>
            : [answer: (value: Sendable<InputOf<At<Answers, Event>>>) => void]),
        ]
      ) => void
    }
  : never

type DisconnectCode = 'FST_NSP_IDENTITY_EXPIRED' | 'FST_NSP_USER_DISCONNECTED' | 'FST_NSP_CLOSING'

/** The emits of the plugin itself, in every namespace. */
export interface DisconnectNotice {
  /**
   * Why the server disconnects this socket. It is sent just before the disconnect. With `FST_NSP_CLOSING`, the connection is lost and
   * `details.retryAfterMs` says when to come back.
   */
  'namespace:disconnect': (
    why: Pick<WireError, 'statusCode' | 'message' | 'details'> & { readonly code: DisconnectCode },
  ) => void
  /** Everyone who is here, in a namespace with `presence`: after joining, and after a recovery. */
  // biome-ignore lint/suspicious/noExplicitAny: the application knows its meta, and declares it with the listener
  'presence:state': (state: PresenceState<any>) => void
  /** Who has joined, who has left, and who has changed since. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  'presence:change': (change: PresenceChange<any>) => void
}

/** The listeners of a client, by the name of the emit. */
export type ListenersOf<Definition> = EventsToClient<TypesOf<Definition>> &
  DisconnectNotice &
  RoomNotice<TypesOf<Definition>>

/** `emit` and `emitWithAck`. socket.io-client's own types have no optional ack. `Timed`: the first arguments of an ack. */
interface Sending<Events, Timed extends unknown[]> {
  emit<Event extends keyof Events & string>(
    event: Event,
    ...args: ClientEmitArgs<Events[Event], (...ack: [...Timed, envelope: AckOf<Events[Event]>]) => void>
  ): this
  emitWithAck<Event extends keyof Events & string>(
    event: Event,
    ...args: ArgsOf<Events[Event]>
  ): Promise<AckOf<Events[Event]>>
}

interface Timing<Definition, Events> {
  /**
   * The same socket, with a timeout for acks. Their first argument is an error, or null if there is an answer.
   *
   * @param ms - milliseconds to wait
   */
  timeout(ms: number): Socket<ListenersOf<Definition>, None> & Sending<Events, [error: Error | null]>
}

/**
 * The type of a client's socket for the namespace of a definition. An ack is optional for every event. Without a `reply`,
 * `ack.data` is `unknown`.
 *
 * @example
 * import type { chat } from '../../server/chat.js'
 * const socket: ClientSocket<typeof chat> = manager.socket('/chat')
 * const ack = await socket.emitWithAck('message:send', { text: 'hi' })
 * if (ack.ok) console.log(ack.data.id)
 */
// The order matters: TypeScript takes the first overload that fits, and its errors are about the last one.
export type ClientSocket<Definition> = Timing<Definition, EventsToServer<TypesOf<Definition>>> &
  Socket<ListenersOf<Definition>, None> &
  Sending<EventsToServer<TypesOf<Definition>>, []>

/**
 * The type of `auth` for the namespace of a definition.
 *
 * @example
 * const auth: AuthOf<typeof chat> = { token }
 * const socket: ClientSocket<typeof chat> = manager.socket('/orgs/42', { auth })
 */
export type AuthOf<Definition> = TypesOf<Definition> extends { join: infer Join } ? AuthInputOf<Join> : never
