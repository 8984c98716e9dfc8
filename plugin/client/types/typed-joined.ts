import type { Socket } from 'socket.io-client'
import type { AnyPayload, DisconnectNotice } from '../../definition/client-types.js'
import type { EmitInfo } from '../../definition/events/retain-options.js'
import type { AnyJoined, ItemStream } from '../any-client.js'
import type { CallOptions, ClientStreamOptions } from '../client-options.js'
import type { CallErrorOf } from './call-error-of.js'
import type { EmitForm, EmitsOf, EventForm, EventsOf } from './described-namespace.js'

/*
 * The types of a joined namespace.
 */

/** The names of the events that are streams. */
export type StreamName<Definition> = {
  [Event in keyof EventsOf<Definition>]: [EventForm<Definition, Event>['item']] extends [never] ? never : Event
}[keyof EventsOf<Definition>] &
  string

/** The names of the other events. */
export type CallName<Definition> = {
  [Event in keyof EventsOf<Definition>]: [EventForm<Definition, Event>['item']] extends [never] ? Event : never
}[keyof EventsOf<Definition>] &
  string

/** The names of the emits. */
export type EmitName<Definition> = keyof EmitsOf<Definition> & string

/** The names of the emits that take an answer. */
type AskName<Definition> = {
  [Emit in keyof EmitsOf<Definition>]: [EmitForm<Definition, Emit>['answer']] extends [never] ? never : Emit
}[keyof EmitsOf<Definition>] &
  string

/** The arguments after the name of an event: a payload, unless it may be left out, and options. */
export type CallArgs<Payload, Options> = unknown extends Payload
  ? [payload?: AnyPayload, options?: Options]
  : undefined extends Payload
    ? [payload?: Payload, options?: Options]
    : [payload: Payload, options?: Options]

export type PayloadAt<Definition, Event> = EventForm<Definition, Event>['payload']
export type ReplyAt<Definition, Event> = EventForm<Definition, Event>['reply']
export type ItemAt<Definition, Event> = EventForm<Definition, Event>['item']

type PayloadArg<Payload> = [Payload] extends [never] ? [] : [payload: Payload]
type InfoArg<Payload> = [Payload] extends [never] ? [] : [info?: EmitInfo]

/** A listener of an emit. Where the emit takes an answer, its last argument sends it; `answer()` does the same. */
export type EmitListener<Definition, Emit> = (
  ...args: [
    ...PayloadArg<EmitForm<Definition, Emit>['payload']>,
    ...([EmitForm<Definition, Emit>['answer']] extends [never]
      ? InfoArg<EmitForm<Definition, Emit>['payload']>
      : [answer: (value: EmitForm<Definition, Emit>['answer']) => void]),
  ]
) => unknown

/** Listens to an emit. */
interface Listen<Definition, Result> {
  <Emit extends EmitName<Definition>>(emit: Emit, listener: EmitListener<Definition, Emit>): Result
  <Notice extends keyof DisconnectNotice>(notice: Notice, listener: DisconnectNotice[Notice]): Result
}

/** One use of a namespace, with the types of its definition: what `client.join()` returns. */
export interface Joined<Definition>
  extends Pick<AnyJoined, 'name' | 'address' | 'state' | 'ready' | 'onGap' | 'rejoin' | 'leave'> {
  /** Socket.IO's socket, which all uses of the address share. */
  readonly socket: Socket
  /**
   * Sends an event.
   *
   * @returns the data of its ack
   * @throws CallError; `isErrorOf()` types it
   *
   * @example
   * const { id } = await chat.call('message:send', { text: 'hi' }, { timeoutMs: 5_000 })
   */
  call<Event extends CallName<Definition>>(
    event: Event,
    ...args: CallArgs<PayloadAt<Definition, Event>, CallOptions>
  ): Promise<ReplyAt<Definition, Event>>
  /** Sends an event without an ack: nobody hears whether it was handled. */
  send<Event extends CallName<Definition>>(event: Event, ...args: SendArgs<PayloadAt<Definition, Event>>): void
  /**
   * Whether an error is one of a call or a stream of this event. Its `code` then distinguishes its `details`.
   *
   * @example
   * if (chat.isErrorOf('room:join', error) && error.code === 'ROOM_FULL') show(`At most ${error.details.max}`)
   */
  isErrorOf<Event extends keyof EventsOf<Definition> & string>(
    event: Event,
    error: unknown,
  ): error is CallErrorOf<Definition, Event>
  /**
   * Opens a stream.
   *
   * @example
   * for await (const { line } of logs.stream('log:tail', { file: 'app.log' })) console.log(line)
   */
  stream<Event extends StreamName<Definition>>(
    event: Event,
    ...args: CallArgs<PayloadAt<Definition, Event>, ClientStreamOptions<ItemAt<Definition, Event>>>
  ): ItemStream<ItemAt<Definition, Event>, ReplyAt<Definition, Event>>
  /** Calls a function for each emit of this name, across reconnects. Returns a function that removes it. */
  on: Listen<Definition, () => void>
  once: Listen<Definition, () => void>
  off: Listen<Definition, void>
  /**
   * Answers the emits of this name with what a function returns.
   *
   * @example
   * chat.answer('poll:ask', (question) => (confirm(question) ? 1 : 0))
   */
  answer<Emit extends AskName<Definition>>(
    emit: Emit,
    answer: (
      ...args: PayloadArg<EmitForm<Definition, Emit>['payload']>
    ) => EmitForm<Definition, Emit>['answer'] | Promise<EmitForm<Definition, Emit>['answer']>,
  ): () => void
}

type SendArgs<Payload> = unknown extends Payload
  ? [payload?: AnyPayload]
  : undefined extends Payload
    ? [payload?: Payload]
    : [payload: Payload]
