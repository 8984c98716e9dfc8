import type { Socket } from 'socket.io-client'
import type { InputOf, None, OutputOf } from '../schema/schema.js'
import type { WireError } from '../shared/client-error.js'
import type { TypesOf } from './define-namespace.js'
import type { AuthInputOf } from './join-types.js'
import type { AckEnvelope } from './namespace-definition.js'

/*
 * The stock client's socket, as a definition types it.
 */

type At<Map, Event> = Event extends keyof Map ? Map[Event] : unknown
// Not `unknown`: beside it, an ack that comes first would have no type.
type Anything = string | number | boolean | bigint | object | null | undefined
type PayloadArgs<Schema> = unknown extends Schema ? [payload?: Anything] : [payload: Sendable<InputOf<Schema>>]
type ReplyOf<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>

/** What Socket.IO's client takes where a schema says binary data. */
type Sendable<Type> = Type extends Leaf
  ? Type
  : Type extends Uint8Array
    ? Type | Uint8Array | ArrayBuffer | Blob
    : Type extends object
      ? { [Key in keyof Type]: Sendable<Type[Key]> }
      : Type
type Leaf = string | number | bigint | boolean | symbol | null | undefined | Date | ((...args: never[]) => unknown)

/** The codes of the library that an ack has, and whose details are none, or those of whoever has refused. */
type PlainCode =
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
  | 'FST_NSP_CLOSING'

interface Told<Code> extends Pick<WireError, 'statusCode' | 'message'> {
  readonly code: Code
}
interface Invalid extends Told<'FST_NSP_EVENT_INVALID'> {
  /** What does not fit, and where in the payload, by JSON pointer. */
  readonly details: { path: string; message: string }[]
}
interface RateLimited extends Told<'FST_NSP_RATE_LIMITED'> {
  readonly details: { retryAfterMs: number }
}
interface Failed extends Told<'FST_NSP_INTERNAL' | 'FST_NSP_REPLY_INVALID'> {
  /** The line in the server's log, by its `errorId`; there is none where the log leaves the line out. */
  readonly details?: { id: string }
}
interface Plain extends Told<PlainCode> {
  readonly details?: unknown
}
/** An error that the event does not declare, e.g. of a hook. Not `string & {}`: no code would tell the others apart. */
interface Foreign extends Told<string> {
  /** Of no type: it has to be one that takes nothing from the details of a declared code, which may be this code, too. */
  readonly details: never
}

/** The errors of an event: those that it declares with their data, and every other with what the library says of it. */
type FailureOf<Failures> =
  | (unknown extends Failures
      ? never
      : {
          [Code in keyof Failures & string]: Told<Code> & { readonly details: OutputOf<Failures[Code]> }
        }[keyof Failures & string])
  | Invalid
  | RateLimited
  | Failed
  | Plain
  | Foreign

/** The events of a definition by name: what each carries, and the one argument of its ack. */
type EventsToServer<Types> = Types extends {
  payloads: infer Payloads
  replies: infer Replies
  failures: infer Failures
}
  ? {
      [Event in keyof Payloads | keyof Replies]: {
        args: PayloadArgs<At<Payloads, Event>>
        ack: AckEnvelope<ReplyOf<At<Replies, Event>>, FailureOf<At<Failures, Event>>>
      }
    }
  : never

type Sent = { args: unknown[]; ack: unknown }
type ArgsOf<Event> = Event extends { args: infer Args extends unknown[] } ? Args : never
type AckOf<Event> = Event extends Sent ? Event['ack'] : never

/** What may follow the name: the payload, the ack, both, or none where there is no payload. */
type EmitArgs<Event, Ack> =
  | ArgsOf<Event>
  | [...ArgsOf<Event>, ack: Ack]
  | ([] extends ArgsOf<Event> ? [ack: Ack] : never)

type EventsToClient<Types> = Types extends { emits: infer Emits; answers: infer Answers }
  ? {
      [Event in keyof Emits]: (
        ...args: [
          ...(unknown extends Emits[Event] ? [] : [payload: OutputOf<Emits[Event]>]),
          ...(unknown extends At<Answers, Event>
            ? []
            : [answer: (value: Sendable<InputOf<At<Answers, Event>>>) => void]),
        ]
      ) => void
    }
  : never

type FarewellCode = 'FST_NSP_IDENTITY_EXPIRED' | 'FST_NSP_USER_DISCONNECTED'

/** What every namespace may send, whatever its definition. */
interface Farewell {
  /** Why the server disconnects this socket: it says so just before it does. */
  'namespace:disconnect': (why: Pick<WireError, 'statusCode' | 'message'> & { readonly code: FarewellCode }) => void
}

/** What a client of the namespace may listen for. */
export type ListenersOf<Definition> = EventsToClient<TypesOf<Definition>> & Farewell

/** What is sent, as we type it: socket.io-client's own types know no optional ack. `Timed`: what acks begin with. */
interface Sending<Events, Timed extends unknown[]> {
  emit<Event extends keyof Events & string>(
    event: Event,
    ...args: EmitArgs<Events[Event], (...ack: [...Timed, envelope: AckOf<Events[Event]>]) => void>
  ): this
  emitWithAck<Event extends keyof Events & string>(
    event: Event,
    ...args: ArgsOf<Events[Event]>
  ): Promise<AckOf<Events[Event]>>
}

interface Timing<Definition, Events> {
  /** The same, whose acks have a time, in milliseconds: they begin with an error, which is null when there is an answer. */
  timeout(ms: number): Socket<ListenersOf<Definition>, None> & Sending<Events, [error: Error | null]>
}

/**
 * The stock client's socket, knowing what the namespace of this definition takes and sends. An ack is optional for every
 * event; `ack.data` of one without a `reply` is `unknown`.
 *
 * @example
 * import type { chat } from '../../server/chat.js'
 * const socket: ClientSocket<typeof chat> = manager.socket('/chat')
 * const ack = await socket.emitWithAck('message:send', { text: 'hi' })
 * if (ack.ok) console.log(ack.data.id)
 */
// The last one of several overloads is the one that an error is about, the first one that fits is taken.
export type ClientSocket<Definition> = Timing<Definition, EventsToServer<TypesOf<Definition>>> &
  Socket<ListenersOf<Definition>, None> &
  Sending<EventsToServer<TypesOf<Definition>>, []>

/**
 * What the namespace of this definition wants as `auth`.
 *
 * @example
 * const auth: AuthOf<typeof chat> = { token }
 * const socket: ClientSocket<typeof chat> = manager.socket('/orgs/42', { auth })
 */
export type AuthOf<Definition> = TypesOf<Definition> extends { join: infer Join } ? AuthInputOf<Join> : never
