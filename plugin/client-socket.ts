import type { Socket } from 'socket.io-client'
import type { AckEnvelope } from './definition.js'
import type { TypesOf } from './inference.js'
import type { AuthInputOf } from './joining.js'
import type { InputOf, OutputOf } from './schema.js'
import type { WireError } from './wire-error.js'

/*
 * The stock client's socket, as a definition types it.
 */

type At<Map, Event> = Event extends keyof Map ? Map[Event] : unknown
type PayloadArgs<Schema> = unknown extends Schema ? [payload?: unknown] : [payload: InputOf<Schema>]
type ReplyOf<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>

/** The errors of an event: those that it declares with their data, and every other with what the library says of it. */
type FailureOf<Failures> =
  | (unknown extends Failures
      ? never
      : {
          [Code in keyof Failures & string]: {
            readonly code: Code
            readonly statusCode: number
            readonly message: string
            readonly details: OutputOf<Failures[Code]>
          }
        }[keyof Failures & string])
  | (Omit<WireError, 'code'> & { readonly code: `FST_NSP_${string}` })

// An event that declares a reply or errors is emitted with an ack; socket.io-client's types know no optional one.
type AckArgs<Reply, Failures> = unknown extends Reply & Failures
  ? []
  : [ack: (envelope: AckEnvelope<ReplyOf<Reply>, FailureOf<Failures>>) => void]

type EventsToServer<Types> = Types extends {
  payloads: infer Payloads
  replies: infer Replies
  failures: infer Failures
}
  ? {
      [Event in keyof Payloads | keyof Replies]: (
        ...args: [...PayloadArgs<At<Payloads, Event>>, ...AckArgs<At<Replies, Event>, At<Failures, Event>>]
      ) => void
    }
  : never

type EventsToClient<Types> = Types extends { emits: infer Emits; answers: infer Answers }
  ? {
      [Event in keyof Emits]: (
        ...args: [
          ...(unknown extends Emits[Event] ? [] : [payload: OutputOf<Emits[Event]>]),
          ...(unknown extends At<Answers, Event> ? [] : [answer: (value: InputOf<At<Answers, Event>>) => void]),
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

/**
 * The stock client's socket, knowing what the namespace of this definition takes and sends.
 *
 * @example
 * import type { chat } from '../server/chat.js'
 * const socket: ClientSocket<typeof chat> = manager.socket('/chat')
 * const ack = await socket.emitWithAck('message:send', { text: 'hi' })
 * if (ack.ok) console.log(ack.data.id)
 */
export type ClientSocket<Definition> = Socket<
  EventsToClient<TypesOf<Definition>> & Farewell,
  EventsToServer<TypesOf<Definition>>
>

/**
 * What the namespace of this definition wants as `auth`.
 *
 * @example
 * const auth: AuthOf<typeof chat> = { token }
 * const socket: ClientSocket<typeof chat> = manager.socket('/orgs/42', { auth })
 */
export type AuthOf<Definition> = TypesOf<Definition> extends { join: infer Join } ? AuthInputOf<Join> : never
